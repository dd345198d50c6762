"""python -m benchmarks [suite ...] [--claims 1000 100000 1000000]: prints Markdown tables."""

import argparse
import shutil
import sys
from collections.abc import Callable

from benchmarks import amends, bookings, contention, explain, itineraries, slots

SUITES: dict[str, Callable[[int], list[dict[str, object]]]] = {
    "bookings": bookings.run,
    "amends": amends.run,
    "slots": slots.run,
    "contention": contention.run,
    "itineraries": itineraries.run,
    "explain": explain.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], help="which; left out: all")
    parser.add_argument("--claims", nargs="+", type=int, default=[1_000, 100_000], help="claims in the database")
    asked = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("The benchmarks put load on with wrk: install Debian's package wrk.")
    for name in asked.suites or SUITES:
        rows = []
        for claims in asked.claims:
            print(f"{name}: {claims:,} claims ...", file=sys.stderr, flush=True)
            rows += SUITES[name](claims)
        print(table(rows), flush=True)


def table(rows: list[dict[str, object]]) -> str:
    """Give rows as a Markdown table."""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([str(row[name]) for name in head] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
