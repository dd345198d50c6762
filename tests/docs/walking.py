"""Walking a page: its `sh` blocks run one after the other in one shell, each answer held against the block below it."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from service.ids import is_id

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MARK = "===== next ====="
CUT = "..."
# A TypeID, whole or cut short.
IDENTIFIER = re.compile(
    r"(bkg|leg|evt|org|key|dn|req|cls|pgr|bwn|alt|whe|whd)_[0-7](?:[0-9a-hjkmnp-tv-z]{25}|[0-9a-hjkmnp-tv-z]{,24}\.\.\.)"
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d(?:\.\d+)?Z)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
POSITION = re.compile(r"\d{16}")


@dataclass(frozen=True)
class Step:
    """What a page tells to type, and what it says comes of it; `kind` is `json`, `text` or nothing."""

    page: str
    typed: str
    kind: str = ""
    shown: str = ""


def steps(page: str) -> list[Step]:
    blocks = [(found[1], found[2]) for found in BLOCK.finditer((ROOT / page).read_text())]
    return [_step(page, block, after) for block, after in pairwise([*blocks, ("", "")]) if block[0] == "sh"]


def _step(page: str, block: tuple[str, str], after: tuple[str, str]) -> Step:
    return Step(page, block[1], *after) if after[0] in {"json", "text"} else Step(page, block[1])


def walked(taken: list[Step], folder: Path) -> list[str]:
    """What each step printed; a command that fails ends the walk."""
    script = f"\necho; echo '{MARK}'\n".join(step.typed for step in taken)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    return [said.strip() for said in done.stdout.split(MARK)]


def differences(step: Step, said: str) -> list[str]:
    if step.kind == "json":
        return list(unlike(loaded(step.shown), json.loads(said), step.page))
    if step.kind == "text":
        return [] if _text_like(step.shown.strip(), said) else [f"{step.page}: {said!r} is not {step.shown!r}"]
    return []


def loaded(shown: str) -> Any:
    """JSON with `...` where something was left out; a cut becomes the text `...`, in an object a key of that name."""
    whole = ""
    depth: list[str] = []
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|\.\.\.|\s+|.', shown):
        if token in "{[":
            depth.append(token)
        elif token in "}]":
            depth.pop()
        in_object = bool(depth) and depth[-1] == "{" and not whole.rstrip().endswith(":")
        whole += token if token != CUT else f'"{CUT}": "{CUT}"' if in_object else f'"{CUT}"'
    return json.loads(whole)


def unlike(shown: Any, said: Any, at: str) -> Iterator[str]:
    """Where an answer is not what was shown; ids, moments and places in the feed need only be of the same form."""
    if shown == CUT:
        return
    if isinstance(shown, dict) and isinstance(said, dict):
        yield from _objects(shown, said, at)
    elif isinstance(shown, list) and isinstance(said, list):
        yield from _lists(shown, said, at)
    elif isinstance(shown, str) and isinstance(said, str):
        if not _text_like(shown, said):
            yield f"{at}: {said!r} is not {shown!r}"
    elif shown != said:
        yield f"{at}: {said!r} is not {shown!r}"


def _objects(shown: Mapping[str, Any], said: Mapping[str, Any], at: str) -> Iterator[str]:
    for key in shown.keys() - {CUT}:
        if key in said:
            yield from unlike(shown[key], said[key], f"{at}/{key}")
        else:
            yield f"{at}: there is no {key}"
    if CUT not in shown and (more := said.keys() - shown.keys()):
        yield f"{at}: there is also {sorted(more)}"


def _lists(shown: list[Any], said: list[Any], at: str) -> Iterator[str]:
    """A cut stands for any number of items; what is shown between cuts has to be there, in that order."""
    wanted = [each for each in shown if each != CUT]
    if CUT not in shown and len(shown) != len(said):
        yield f"{at}: {len(said)} items, not {len(shown)}"
        return
    rest = list(enumerate(said))
    for each in wanted:
        while rest and list(unlike(each, rest[0][1], at)) and CUT in shown:
            rest.pop(0)
        if not rest:
            yield f"{at}: nothing like {each!r} where it should be"
            return
        number, found = rest.pop(0)
        yield from unlike(each, found, f"{at}/{number}")


def _text_like(shown: str, said: str) -> bool:
    if (moment := MOMENT.fullmatch(shown)) and (found := MOMENT.fullmatch(said)):
        return "." in shown or moment[1] == found[1]
    for kind in (DAY, POSITION):
        if kind.fullmatch(shown):
            return kind.fullmatch(said) is not None
    if identifier := IDENTIFIER.fullmatch(shown):
        return is_id(identifier[1], said)
    return re.fullmatch(".*?".join(map(re.escape, shown.split(CUT))), said, re.DOTALL) is not None
