"""Timetables as pictures: SVG that stands by itself, readable by day and by night."""

from service.timetables.drawing.floor import floor
from service.timetables.drawing.marks import POLICY
from service.timetables.drawing.quay import quay
from service.timetables.rules import FloorSheet, QuaySheet

__all__ = ["POLICY", "picture"]


def picture(sheet: QuaySheet | FloorSheet) -> str:
    """Give a sheet as SVG."""
    return quay(sheet) if isinstance(sheet, QuaySheet) else floor(sheet)
