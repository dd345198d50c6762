"""Draw docs/lifecycle.svg, the life of a booking, from the one table of its transitions.

python docs/draw_lifecycle.py        writes the picture; a test holds it to the table
"""

from collections import defaultdict
from collections.abc import Iterator
from html import escape
from pathlib import Path

from service.bookings.rules import TRANSITIONS, Actor, State

PICTURE = Path(__file__).with_name("lifecycle.svg")
WIDTH, HEIGHT = 1240, 500
BOX, LOW, TALL, LONG = 176, 40, 92, 200
# The middle of each state: its life in the middle row, the ends above and below.
AT: dict[State, tuple[int, int]] = {
    State.CANCELLED: (240, 40), State.DISPLACED: (540, 40),
    State.HELD: (110, 220), State.PENDING: (390, 220), State.CONFIRMED: (690, 220), State.ARRIVED: (960, 220),
    State.COMPLETED: (1140, 400),
    State.EXPIRED: (240, 400), State.REJECTED: (470, 400), State.DECLINED: (690, 400), State.NO_SHOW: (900, 400),
}  # fmt: skip
BENT = {(State.HELD, State.CONFIRMED): 110}  # how far an arrow goes round what is in its way
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1c2b3a; text-anchor: middle; dominant-baseline: central }
  .state { font-weight: 600; font-size: 15px } .stays { font-size: 11.5px; fill: #51606e }
  rect { fill: #f4f7fa; stroke: #7a8a99; stroke-width: 1.2 } .end rect { fill: #fff; stroke-dasharray: 4 3 }
  .arrow { fill: none; stroke-width: 1.6 } .label { paint-order: stroke; stroke: #fff; stroke-width: 5px }
  .forwarder { stroke: #1769aa } .operator { stroke: #b8560f } .service { stroke: #66727d; stroke-dasharray: 5 4 }
  .several { stroke: #41505e } .key { text-anchor: start }
  .by-forwarder { fill: #1769aa } .by-operator { fill: #9c4509 } .by-service { fill: #56616b }
"""
NAMES = {Actor.FORWARDER: "the forwarder", Actor.OPERATOR: "an operator", Actor.SERVICE: "the service by itself"}


def drawing() -> str:
    """Give the picture as SVG."""
    arrows, staying = _sorted_out()
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The life of a booking">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0 0 8 4 0 8Z" fill="#41505e"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" style="fill:#fff;stroke:none"/>',
        *(_arrow(*ends, said) for ends, said in arrows.items()),
        *(_box(state, staying[state]) for state in State),
        *(_label(*ends, said) for ends, said in arrows.items()),
        *_key(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _sorted_out() -> tuple[dict[tuple[State, State], list[tuple[str, Actor]]], dict[State, list[str]]]:
    """Give what leads from one state to another, with who does it; and what leaves a state as it is."""
    arrows: dict[tuple[State, State], list[tuple[str, Actor]]] = defaultdict(list)
    staying: dict[State, list[str]] = defaultdict(list)
    for each in TRANSITIONS:
        for state in sorted(each.leads_to):
            if state is each.state:
                staying[state].append(each.action.value)
            else:
                arrows[each.state, state].append((each.action.value, min(each.by)))
    return dict(arrows), staying


def _height(state: State) -> int:
    return TALL if any(each.state is state for each in TRANSITIONS) else LOW


def _box(state: State, staying: list[str]) -> str:
    x, y = AT[state]
    height = _height(state)
    rows = [", ".join(staying[first : first + 3]) for first in range(0, len(staying), 3)]
    lines = [f'<text class="state" x="{x}" y="{y - 8 * len(rows)}">{state.value}</text>']
    lines += [
        f'<text class="stays" x="{x}" y="{y - 8 * len(rows) + 18 + 15 * nth}">{escape(row)}</text>'
        for nth, row in enumerate(rows)
    ]
    box = f'<rect x="{x - BOX // 2}" y="{y - height // 2}" width="{BOX}" height="{height}" rx="7"/>'
    return f'<g class="{"life" if height == TALL else "end"}">{box}{"".join(lines)}</g>'


def _rim(state: State, towards: tuple[float, float]) -> tuple[float, float]:
    """Give the point of a box's rim that lies towards another point."""
    x, y = AT[state]
    dx, dy = towards[0] - x, towards[1] - y
    scale = min(BOX / 2 / abs(dx) if dx else float("inf"), _height(state) / 2 / abs(dy) if dy else float("inf"))
    return x + dx * scale, y + dy * scale


def _bend(start: State, end: State) -> tuple[float, float]:
    (x1, y1), (x2, y2) = AT[start], AT[end]
    return (x1 + x2) / 2, (y1 + y2) / 2 + BENT.get((start, end), 0)


def _arrow(start: State, end: State, said: list[tuple[str, Actor]]) -> str:
    middle = _bend(start, end)
    (x1, y1), (x2, y2) = _rim(start, middle), _rim(end, middle)
    actors = {actor.value for _, actor in said}
    curve = f"M{x1:.0f} {y1:.0f}Q{middle[0]:.0f} {middle[1]:.0f} {x2:.0f} {y2:.0f}"
    return f'<path class="arrow {actors.pop() if len(actors) == 1 else "several"}" marker-end="url(#tip)" d="{curve}"/>'


def _label(start: State, end: State, said: list[tuple[str, Actor]]) -> str:
    x, y = _bend(start, end)
    (x1, y1), (x2, y2) = _rim(start, (x, y)), _rim(end, (x, y))
    # On the curve, on a long one nearer to where it starts, so that arrows to one end keep their words apart.
    t = 0.45 if abs(x2 - x1) < LONG or (start, end) in BENT else 0.2
    at_x = (1 - t) ** 2 * x1 + 2 * t * (1 - t) * x + t * t * x2
    at_y = (1 - t) ** 2 * y1 + 2 * t * (1 - t) * y + t * t * y2 - (13 if y1 == y2 else 0)
    words = ", ".join(f'<tspan class="by-{actor.value}">{action}</tspan>' for action, actor in dict.fromkeys(said))
    return f'<text class="label" x="{at_x:.0f}" y="{at_y:.0f}">{words}</text>'


def _key() -> Iterator[str]:
    for nth, (actor, name) in enumerate(NAMES.items()):
        y = 30 + 22 * nth
        yield f'<path class="arrow {actor.value}" d="M1000 {y}h36"/><text class="key" x="1046" y="{y}">{name}</text>'
    both = sorted({each.action.value for each in TRANSITIONS if len(each.by) > 1})
    yield f'<text class="key stays" x="1000" y="96">by the service, too: {", ".join(both)}</text>'
    yield f'<text class="key stays" x="40" y="{HEIGHT - 18}">Small print in a box: what leaves the state as it is.</text>'


if __name__ == "__main__":
    PICTURE.write_text(drawing())
