"""A quay drawn: metres upwards, days to the right.

602 m │      ┌────────┐
      │▒▒▒▒▒▒│ TRADER │            ▒ closed, ░ kept for partners
    0 │      └────────┘░░░░░
      └──────────────────► days
"""

from collections.abc import Iterator

from service.timetables.drawing.axis import Axis, days, legend, now
from service.timetables.drawing.marks import Box, box, inside, line, text, whole
from service.timetables.rules import Berthed, Named, QuaySheet, Rectangle

WIDTH, LEFT, RIGHT, TOP = 1200.0, 132.0, 1184.0, 74.0
NAME = 12.0
_LEGEND = (
    ("own", "booking that you may see"), ("held", "not confirmed yet"), ("other", "taken"), ("closed", "closed"),
    ("kept", "kept for partners"),
)  # fmt: skip


def quay(sheet: QuaySheet) -> str:
    """Give the picture of a quay."""
    height = min(max(sheet.quay.length_m * 0.6, 180.0), 480.0)
    axis = Axis(sheet.quay.zone, sheet.start, sheet.end, LEFT, RIGHT, TOP, TOP + height)
    frame = _Frame(sheet, axis)
    return whole(frame.title(), WIDTH, axis.bottom + 52, [*frame.marks()])


class _Frame:
    """A sheet in its place on the paper."""

    def __init__(self, sheet: QuaySheet, axis: Axis) -> None:
        self._sheet, self._axis = sheet, axis

    def title(self) -> str:
        quay, axis = self._sheet.quay, self._axis
        return f"{quay.code}, {axis.local(axis.start)} to {axis.local(axis.end)}, time of {quay.zone.key}"

    def marks(self) -> Iterator[str]:
        axis, sheet = self._axis, self._sheet
        yield text("head", 16, 28, sheet.quay.code)
        span = f"{sheet.quay.length_m} m · {axis.local(axis.start)} to {axis.local(axis.end)}, time of {axis.zone.key}"
        yield text("quiet", 16, 46, span)
        yield box("ground", (axis.left, axis.top, axis.right - axis.left, axis.bottom - axis.top))
        yield from days(axis)
        yield from self._berths()
        for each in sheet.kept:
            whose = "kept for you" if each.yours else "kept"
            yield from self._stretch("kept", each.at, whose, f"free to all from {axis.local(each.released_at)}")
        for closure in sheet.closed:
            yield from self._stretch("closed", closure.at, "closed", closure.reason)
        for claim in sheet.taken:
            yield from self._berthed(claim)
        yield line("wall", axis.left, axis.top, axis.left, axis.bottom)
        yield from now(axis, sheet.at)
        yield from legend(axis.left, axis.bottom + 38, _LEGEND)

    def _y(self, metre: int) -> float:
        axis = self._axis
        return axis.bottom - (axis.bottom - axis.top) * metre / max(self._sheet.quay.length_m, 1)

    def _berths(self) -> Iterator[str]:
        axis = self._axis
        lowest = axis.bottom + NAME
        for berth, low, high in sorted(self._sheet.quay.stretches(), key=lambda each: each[1]):
            yield line("berth", axis.left - 116, self._y(low), axis.right, self._y(low))
            yield text("small", axis.left - 116, self._y(low) - 4, f"{low} m")
            middle = self._y((low + high) // 2)
            if lowest - middle >= NAME:  # names of short berths would lie on one another
                yield text("small", axis.left - 8, middle + 4, _short(berth.code, self._sheet.quay.code), "end")
                lowest = middle
        yield line("berth", axis.left - 116, self._y(self._sheet.quay.length_m), axis.right, axis.top)

    def _place(self, at: Rectangle) -> Box:
        """Give x, y, width and height; what lasts a moment is still seen."""
        x, y = self._axis.x(at.start), self._y(min(at.to_m, self._sheet.quay.length_m))
        return x, y, max(self._axis.x(at.end) - x, 1.5), max(self._y(at.from_m) - y, 1.5)

    def _stretch(self, kind: str, at: Rectangle, what: str, why: str) -> Iterator[str]:
        place = self._place(at)
        yield box(kind, place, f"{what}: {why} ({at.from_m} to {at.to_m} m)")
        yield inside(place, [(f"{kind}-text", what)])

    def _berthed(self, each: Berthed) -> Iterator[str]:
        place = self._place(each.at)
        metres = f"{each.at.from_m} to {each.at.to_m} m"
        where = f"{metres}, {self._axis.local(each.at.start)} to {self._axis.local(each.at.end)}"
        if each.named is None:
            yield box("other", place, f"taken: {where}")
            return
        kind = "own" if each.expires_at is None else "held"
        yield box(kind, place, f"{each.named.title}, {_standing(each.named)}: {where}")
        lines = dict.fromkeys((each.named.title, each.named.client_reference))  # a ship without a name has one only
        yield inside(place, zip((f"{kind}-text", f"{kind}-more"), lines, strict=False))


def _standing(named: Named) -> str:
    return "change that waits" if named.is_change else named.state


def _short(berth: str, quay: str) -> str:
    """Give the name of a berth beside that of its quay: `PKGWD-MPT-1` at `PKGWD-MPT` is `1`."""
    return f"berth {berth.removeprefix(quay + '-')}" if berth.startswith(f"{quay}-") else berth[-18:]
