"""Identifiers of our own making: TypeIDs, a prefix that says what it is and a UUIDv7 that sorts by age.

The format is the TypeID specification 0.3: 26 characters of Crockford's base 32, first character at most 7.
"""

import os
import re
import time
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_TAIL = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


def uuid7() -> int:
    """Give a UUIDv7 (RFC 9562, 5.7) as an integer: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10), "big")
    return milliseconds << 80 | 0x7 << 76 | (noise >> 68) << 64 | 0b10 << 62 | noise & (1 << 62) - 1


def new(prefix: str) -> str:
    """Give a fresh TypeID: `new("bkg")` -> `bkg_01kb3v7x9ef6wvq0m8y3k2n5ra`."""
    return _typeid(prefix, uuid7())


def derived(prefix: str, at: datetime, number: int) -> str:
    """Give the TypeID of a thing that the database numbers: the same moment and number always give the same one."""
    milliseconds = int(at.timestamp() * 1000)
    return _typeid(prefix, milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | number)


def _typeid(prefix: str, number: int) -> str:
    return prefix + "_" + "".join(_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10))


def is_id(prefix: str, text: str) -> bool:
    """Say whether the text is a TypeID of that prefix; never raises."""
    head, _, tail = text.rpartition("_")
    return head == prefix and _TAIL.fullmatch(tail) is not None
