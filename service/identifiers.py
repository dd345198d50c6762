"""Identifiers that others make: each function gives the normalised value, or raises ValueError with a sentence.

ASCII only, by explicit classes: what Python calls a digit may be an Arabic one. Check digits are verified where the
number has one that is published and right; registries are not asked, so a number that passes may still be nobody's.
"""

import re
from collections.abc import Sequence

_IMO = re.compile(r"(?:IMO ?)?([0-9]{7})")
_MMSI = re.compile(r"[0-9]{9}")
_CONTAINER = re.compile(r"[A-Z]{3}[UJZR][0-9]{7}")
_UNLOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
_BIN = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])[456][0-3][0-9]{6}")
_IIN = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-6][0-9]{5}")
_NTN = re.compile(r"[0-9]{7}(?:-[0-9])?|[0-9]{13}|[0-9]{5}-[0-9]{7}-[0-9]")
_GD = re.compile(r"[A-Z]{4}-[A-Z]{2}-[0-9]{1,7}(?:-(0[1-9]|[12][0-9]|3[01])-(0[1-9]|1[0-2])-20[0-9]{2})?")
_REFERENCE = re.compile(r"[A-Z0-9]+(?:[-/.][A-Z0-9]+)*")
_IMDG = re.compile(r"1\.[1-6][A-HJKLNS]?|2\.[1-3]|3|4\.[1-3]|5\.[12]|6\.[12]|7|8|9")
_HS = re.compile(r"[0-9]{4}|[0-9]{6}|[0-9]{8}|[0-9]{10}")

_NO_DIGIT = 10  # a remainder that one digit can't write

_LETTERS = dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (value for value in range(10, 39) if value % 11), strict=True)
)  # ISO 6346, annex A: multiples of 11 are left out


def imo_number(text: str) -> str:
    """Give a ship's IMO number, 7 digits, with or without `IMO` before it.

    The last digit of the sum of six digits times 7 to 2 is the seventh (IMO Resolution A.1117(30)). 0000000 passes the
    sum and is no ship's.
    """
    found = _IMO.fullmatch(_tidy(text))
    if not found or found[1] == "0000000":
        raise ValueError("An IMO number has 7 digits, such as 9074729")
    digits = [int(each) for each in found[1]]
    if _weighed(digits[:6], range(7, 1, -1)) % 10 != digits[6]:
        raise ValueError("The check digit of this IMO number is wrong")
    return found[1]


def mmsi(text: str) -> str:
    """Give a maritime mobile service identity: 9 digits (DCSA's rule); it has no check digit."""
    found = _tidy(text)
    if not _MMSI.fullmatch(found):
        raise ValueError("An MMSI has 9 digits, such as 463012345")
    return found


def container_number(text: str) -> str:
    """Give a container's number (ISO 6346) without spaces: owner, category U, J, Z or R, six digits, check digit."""
    found = _tidy(text).replace(" ", "").replace("-", "")
    if not _CONTAINER.fullmatch(found):
        raise ValueError("A container number is 4 letters and 7 digits, such as CSQU3054383")
    values = [_LETTERS.get(each) or int(each) for each in found[:10]]
    if _weighed(values, [2**place for place in range(10)]) % 11 % 10 != int(found[10]):
        raise ValueError("The check digit of this container number is wrong")
    return found


def un_locode(text: str) -> str:
    """Give a UN/LOCODE: two letters of the country, three letters or digits 2 to 9 (UNECE Recommendation 16)."""
    found = _tidy(text).replace(" ", "")
    if not _UNLOCODE.fullmatch(found):
        raise ValueError("A UN/LOCODE is 5 characters, such as PKGWD")
    return found


def kz_bin(text: str) -> str:
    """Give a Kazakh business identification number (BIN): YYMM, type 4 to 6, division 0 to 3, serial, check digit."""
    found = _tidy(text)
    if not _BIN.fullmatch(found):
        raise ValueError("A BIN has 12 digits, such as 020240000555: year, month, type 4 to 6, division 0 to 3")
    return _kz_checked(found, "BIN")


def kz_iin(text: str) -> str:
    """Give a Kazakh individual identification number (IIN): YYMMDD, century and sex, serial, check digit."""
    found = _tidy(text)
    if not _IIN.fullmatch(found):
        raise ValueError("An IIN has 12 digits that begin with a date of birth, such as 791028302728")
    return _kz_checked(found, "IIN")


def pk_ntn(text: str) -> str:
    """Give a Pakistani tax number (NTN), or the CNIC that persons have instead.

    Form only: the check digit's published algorithm contradicts published numbers (4174941-3).
    """
    found = _tidy(text)
    if not _NTN.fullmatch(found):
        raise ValueError("An NTN has 7 digits and perhaps a check digit, such as 4174941-3; a CNIC has 13 digits")
    return found


def gd_number(text: str) -> str:
    """Give a Pakistani goods declaration's number: collectorate, type, serial and mostly the date, as dd-mm-yyyy."""
    found = _tidy(text)
    if not _GD.fullmatch(found):
        raise ValueError("A GD number is like KAPW-HC-22012-18-08-2022, or the same without the date")
    return found


def customs_reference(text: str) -> str:
    """Give a customs reference that has no published form (MRN, TIR, IGM, PSW) in capitals, or refuse it.

    A hold stands on one spelling: written in two, the goods would leave under the other one. What separates its parts
    is customs' own (`55301/120526/0012345`), so nothing is taken out or put in: whoever writes it otherwise is told.
    """
    if not text.isascii() or not _REFERENCE.fullmatch(found := _tidy(text)):
        raise ValueError(
            "A customs reference is written in letters A to Z and digits, with single - / . between them and no "
            "blanks, such as 26KZ000001"
        )
    return found


def imdg_class(text: str) -> str:
    """Give the class of dangerous goods by sea (IMDG Code, 2.0.1), with the compatibility group of explosives."""
    found = _tidy(text)
    if not _IMDG.fullmatch(found):
        raise ValueError("An IMDG class is like 3, 2.1 or 1.4S")
    return found


def hs_code(text: str) -> str:
    """Give a Harmonized System code without dots: heading (4), subheading (6), or a national line (8 or 10 digits)."""
    found = _tidy(text).replace(".", "")
    if not _HS.fullmatch(found):
        raise ValueError("An HS code has 4, 6, 8 or 10 digits, such as 7202 or 7202.11")
    return found


def _tidy(text: str) -> str:
    """Give the text trimmed and in capitals; refused if not ASCII, since `upper` makes I of a dotless i."""
    if not text.isascii():
        raise ValueError("An identifier is written in ASCII letters and digits")
    return text.strip(" ").upper()


def _weighed(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True))


def _kz_checked(number: str, name: str) -> str:
    """Give the number if its check digit is right: weights 1 to 11 modulo 11, on 10 again with 3 to 11, 1, 2.

    After a second 10 no such number is given out (Kazakhstan's rules on forming identification numbers).
    """
    digits = [int(each) for each in number]
    check = _weighed(digits[:11], range(1, 12)) % 11
    if check == _NO_DIGIT:
        check = _weighed(digits[:11], [*range(3, 12), 1, 2]) % 11
    if check != digits[11]:
        raise ValueError(f"The check digit of this {name} is wrong")
    return number
