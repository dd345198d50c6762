"""The marks that pictures are made of. All text goes through `said`: names are a client's, and may be anything."""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from importlib.resources import files

STYLE = files("service").joinpath("assets", "timetable.css").read_text("utf-8")
_PIN = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_PIN}'; frame-ancestors 'none'"

_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 can't say
_SHORTEST = 4  # letters that are worth reading
_WIDTH = 7.6  # of a letter in a box, in units of the picture
_MARGIN = 6.0
LINE = 16.0


def said(text: str) -> str:
    """Give any text as XML says it."""
    return escape(_UNSPEAKABLE.sub("\ufffd", text))


Box = tuple[float, float, float, float]  # x, y, width, height


def box(kind: str, at: Box, title: str = "") -> str:
    """Give a rectangle of a kind that the style knows, with what a pointer or a screen reader is told."""
    x, y, width, height = at
    told = f"<title>{said(title)}</title>" if title else ""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">{told}</rect>'


def line(kind: str, x: float, y: float, to_x: float, to_y: float) -> str:
    """Give a straight line of a kind that the style knows."""
    return f'<line class="{kind}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def text(kind: str, x: float, y: float, words: str, anchor: str = "start") -> str:
    """Give a line of text of a kind that the style knows."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{said(words)}</text>'


def inside(at: Box, lines: Iterable[tuple[str, str]]) -> str:
    """Give lines of text, each with its kind, at the top of a box; what does not fit into it is cut off."""
    x, y, width, height = at
    rows = []
    for nth, (kind, words) in enumerate(lines):
        fits = _fitting(words, width - 2 * _MARGIN)
        if fits and height >= (nth + 1) * LINE:
            rows.append(text(kind, _MARGIN, (nth + 1) * LINE - 2, fits))
    if not rows:
        return ""
    # A drawing in the drawing cuts off whatever a font makes wider than was thought.
    return f'<svg x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">{"".join(rows)}</svg>'


def _fitting(words: str, width: float) -> str:
    """Give as much of a text as fits into a width, empty if that is next to nothing."""
    room = int(width / _WIDTH)
    if len(words) <= room:
        return words
    return words[: room - 1].rstrip() + "…" if room >= _SHORTEST else ""


def whole(title: str, width: float, height: float, marks: list[str]) -> str:
    """Give the picture: what it is called, and its marks from the lowest to the topmost."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="{said(title)}"><title>{said(title)}</title>'
        f"<style>{STYLE}</style>{_PATTERNS}{box('paper', (0, 0, width, height))}{''.join(marks)}</svg>"
    )


_PATTERNS = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatch-ground" width="7" height="7"/><rect class="hatch-line" width="2" height="7"/></pattern>'
    '<pattern id="dots" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<rect class="dots-ground" width="8" height="8"/><circle class="dots-dot" cx="4" cy="4" r="1.4"/></pattern></defs>'
)
