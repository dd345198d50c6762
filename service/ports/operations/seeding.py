"""Reference data: Karachi and Gwadar as far as public sources tell, each figure with source, date and confidence.

The figures are in `ports/reference/*.csv`. What no source tells is a guess of ours, and marked `assumed`.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby
from typing import Any

from service import ids
from service.database import Tx
from service.ports.operations.usual import OIL_TERMS, QUAY_TERMS, warehouse_terms
from service.ports.queries import reference

Row = dict[str, Any]
OIL_PIERS = "PKKHI-OIL"


async def seed(tx: Tx) -> None:
    """Add the reference data that is missing. What is there stays, changed or not; two at once are safe."""
    berths, warehouses = list(_read("berths")), list(_read("warehouses"))
    await reference.add_ports(tx, _read("ports"))
    await reference.add_facilities(tx, _read("facilities"))
    facility_of = {row["quay"]: row["facility"] for row in berths}
    quays = [{"code": code, "kind": "quay", "facility": facility} for code, facility in facility_of.items()]
    floors = [{"code": row["warehouse"], "kind": "warehouse", "facility": row["facility"]} for row in warehouses]
    added = await reference.add_places(tx, quays + floors)
    await _add_quays(tx, [row | {"place_id": added[row["quay"]]} for row in berths if row["quay"] in added])
    await reference.add_warehouses(
        tx, [_warehouse(row) | {"place_id": added[row["warehouse"]]} for row in warehouses if row["warehouse"] in added]
    )


async def _add_quays(tx: Tx, berths: list[Row]) -> None:
    """Add the quays that these berths make up, and their first limits."""
    by_quay: dict[int, list[Row]] = defaultdict(list)
    for row in berths:
        by_quay[row["place_id"]].append(row)
    await reference.add_quays(tx, [_quay(place_id, rows) for place_id, rows in by_quay.items()])
    await reference.add_berths(tx, [_berth(row) for row in berths])
    limited = [row for row in berths if row["draught_m"]]
    noticed = [row | {"notice_id": ids.new("dn")} for row in _first_of_each_source(limited)]
    by_group = {(row["place_id"], row["source"]): row["notice_id"] for row in noticed}
    await reference.add_notices(tx, [_notice(row) for row in noticed])
    await reference.add_limits(
        tx, [row | {"berth": row["berth"], "notice_id": by_group[row["place_id"], row["source"]]} for row in limited]
    )


def _first_of_each_source(berths: list[Row]) -> Iterator[Row]:
    """Yield the first berth of each group of a quay that has one source: one notice speaks for the group."""
    for _, group in groupby(berths, key=lambda row: (row["place_id"], row["source"])):
        yield next(group)


def _quay(place_id: int, berths: list[Row]) -> Row:
    length_cm = sum(round(float(row["length_m"] or 0) * 100) for row in berths)
    terms = OIL_TERMS if berths[0]["facility"] == OIL_PIERS else QUAY_TERMS
    return terms | {"place_id": place_id, "length_m": length_cm // 100}


def _berth(row: Row) -> Row:
    return row | {
        "code": row["berth"],
        "length_m": row["length_m"] or 0,
        "cargo": row["cargo"].split(),
        "hazard_classes": (row["hazard_classes"] or "").split(),
        "hazard_confidence": "assumed",
    }


def _warehouse(row: Row) -> Row:
    return row | warehouse_terms(row["warehouse"]) | {"hazard_classes": (row["hazard_classes"] or "").split()}


def _notice(row: Row) -> Row:
    return {name: row[name] for name in ("place_id", "source", "as_of", "confidence", "note")} | {
        "id": row["notice_id"],
        "reference": "reference data",
    }


def _read(name: str) -> Iterator[Row]:
    """Yield the rows of a file of the reference data; an empty cell is None."""
    text = (files("service.ports") / "reference" / f"{name}.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield {column: cell or None for column, cell in row.items()}
