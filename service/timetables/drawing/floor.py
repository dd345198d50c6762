"""A floor drawn: its load by day under the line of its capacity, and the bookings that the reader may see below.

capacity ──────────────────
          ▒▒▒▒▒▒▒▒░░░░░░░       ▒ closed, ░ kept for partners
         ▄▄▄▄███████▄▄▄▄▄       █ named, ▄ others'
         └─────────────────► days
           ├── TRADER, 2500 ──┤
"""

from collections.abc import Iterator, Sequence
from datetime import date
from math import log10

from service.availability import day_begins
from service.timetables.drawing.axis import Axis, days, legend, now
from service.timetables.drawing.marks import box, inside, line, text, whole
from service.timetables.rules import FloorDay, FloorSheet, Stored, by_day

WIDTH, LEFT, RIGHT, TOP, HEIGHT = 1200.0, 88.0, 1184.0, 74.0, 260.0
LANE, MOST_LANES = 24.0, 12
_LEGEND = (
    ("own", "bookings that you may see"), ("held", "not confirmed yet"), ("other", "taken"), ("closed", "closed"),
    ("kept", "kept for partners"),
)  # fmt: skip


def floor(sheet: FloorSheet) -> str:
    """Give the picture of a floor."""
    start, end = day_begins(sheet.days[0].on, sheet.warehouse.zone), _ends(sheet, sheet.days[-1].on)
    axis = Axis(sheet.warehouse.zone, start, end, LEFT, RIGHT, TOP, TOP + HEIGHT)
    frame = _Frame(sheet, axis)
    return whole(frame.title(), WIDTH, frame.bottom(), [*frame.marks()])


def lanes(claims: Sequence[Stored]) -> list[list[Stored]]:
    """Give claims in lanes, in which none lies over another: each in the first lane that is free by then."""
    found: list[list[Stored]] = []
    for claim in sorted(claims, key=lambda each: (each.first_on, each.named.booking)):
        lane = next((each for each in found if each[-1].last_on <= claim.first_on), None)
        if lane is None:
            found.append([claim])
        else:
            lane.append(claim)
    return found


class _Frame:
    """A sheet in its place on the paper."""

    def __init__(self, sheet: FloorSheet, axis: Axis) -> None:
        self._sheet, self._axis = sheet, axis
        self._lanes = lanes(sheet.claims)
        highest = max(day.taken + day.closed + day.kept for day in sheet.days)
        self._most = max(sheet.warehouse.capacity, highest, 1) * 1.08

    def title(self) -> str:
        first, last = self._sheet.days[0].on, self._sheet.days[-1].on
        return f"{self._sheet.warehouse.code}, {_shown(first)} to {_shown(last)}"

    def bottom(self) -> float:
        more = len(self._lanes) > MOST_LANES
        return self._axis.bottom + 56 + LANE * (min(len(self._lanes), MOST_LANES) + more)

    def marks(self) -> Iterator[str]:
        axis, floor = self._axis, self._sheet.warehouse
        yield text("head", 16, 28, floor.code)
        first, last = self._sheet.days[0].on, self._sheet.days[-1].on
        span = f"{floor.capacity} {floor.unit} · {_shown(first)} to {_shown(last)}, days of {floor.zone.key}"
        yield text("quiet", 16, 46, span)
        yield box("ground", (axis.left, axis.top, axis.right - axis.left, axis.bottom - axis.top))
        yield from days(axis)
        yield from self._scale()
        named = by_day(self._sheet.claims)
        for day in self._sheet.days:
            yield from self._day(day, named[day.on])
        yield line("capacity", axis.left, self._y(floor.capacity), axis.right, self._y(floor.capacity))
        yield from now(axis, self._sheet.at)
        yield from self._claims()
        yield from legend(axis.left, self.bottom() - 12, _LEGEND)

    def _y(self, quantity: float) -> float:
        return self._axis.bottom - (self._axis.bottom - self._axis.top) * quantity / self._most

    def _scale(self) -> Iterator[str]:
        step = _round(self._most / 5)
        for nth in range(int(self._most / step) + 1):
            y = self._y(nth * step)
            yield line("rule", self._axis.left, y, self._axis.right, y)
            yield text("small", self._axis.left - 8, y + 4, f"{nth * step:,}".replace(",", " "), "end")

    def _day(self, day: FloorDay, named: int) -> Iterator[str]:
        """Yield what stands in the way on one day, one upon the other."""
        x, next_x = self._axis.x(day_begins(day.on, self._axis.zone)), self._axis.x(_ends(self._sheet, day.on))
        told = f"{_shown(day.on)}: {day.taken} taken, {day.closed} closed, {day.kept} kept, {day.free} free"
        height = 0
        named = min(named, day.taken)
        for kind, quantity in (
            ("own", named), ("other", day.taken - named), ("kept", day.kept), ("closed", day.closed)
        ):  # fmt: skip
            if quantity > 0:
                low, high = self._y(height), self._y(height + quantity)
                yield box(kind, (x + 1, high, max(next_x - x - 2, 1), low - high), told)
                height += quantity

    def _claims(self) -> Iterator[str]:
        y = self._axis.bottom + 24
        for lane in self._lanes[:MOST_LANES]:
            for claim in lane:
                yield from self._claim(claim, y)
            y += LANE
        more = sum(map(len, self._lanes[MOST_LANES:]))
        if more:
            yield text("quiet", self._axis.left, y + 14, f"and {more} more")

    def _claim(self, claim: Stored, y: float) -> Iterator[str]:
        zone = self._axis.zone
        x, to_x = (self._axis.x(day_begins(day, zone)) for day in (claim.first_on, claim.last_on))
        kind = "own" if claim.expires_at is None else "held"
        words = f"{claim.named.title} · {claim.quantity} {self._sheet.warehouse.unit}"
        last = date.fromordinal(claim.last_on.toordinal() - 1)
        title = f"{words}, {claim.named.state}: {_shown(claim.first_on)} to {_shown(last)}"
        place = (x + 1, y, max(to_x - x - 2, 1), LANE - 4)
        yield box(kind, place, title)
        yield inside(place, [(f"{kind}-text", words)])


def _ends(sheet: FloorSheet, day: date) -> int:
    return day_begins(date.fromordinal(day.toordinal() + 1), sheet.warehouse.zone)


def _round(quantity: float) -> int:
    """Give a round number near a quantity, for a scale: 1, 2 or 5 with noughts."""
    power = 10 ** int(log10(max(quantity, 1)))
    return int(next(each for each in (1, 2, 5, 10) if each * power >= quantity) * power)


def _shown(day: date) -> str:
    return f"{day.day} {day:%b}"
