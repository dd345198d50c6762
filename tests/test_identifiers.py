"""Identifiers of others: the published examples pass, near misses do not, and independent libraries agree."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from idnumbers.nationalid import KAZ
from stdnum import imo, iso6346
from stdnum.exceptions import ValidationError

from service.identifiers import (
    container_number,
    customs_reference,
    gd_number,
    hs_code,
    imdg_class,
    imo_number,
    kz_bin,
    kz_iin,
    mmsi,
    pk_ntn,
    un_locode,
)

Reader = Callable[[str], str]
EVERY: list[Reader] = [
    container_number, customs_reference, gd_number, hs_code, imdg_class, imo_number, kz_bin, kz_iin, mmsi, pk_ntn,
    un_locode,
]  # fmt: skip

RIGHT: dict[Reader, list[str]] = {
    imo_number: ["9074729", "9319466", "8814275", "9704611"],
    mmsi: ["463012345", "436000123"],
    container_number: [
        "CSQU3054383", "MSCU6639870", "HLXU2008419", "TGHU7599330", "SCTU0138070", "VNYU6570880", "MSLU5600470"
    ],
    un_locode: ["PKKHI", "PKGWD", "KZAAU", "KZALA"],
    kz_bin: [
        "020240000555", "020540003431", "081140000436", "010940000162", "940140000385", "971240001315", "970240000816",
        "240461530120", "251261679842", "051152595980",
    ],
    kz_iin: ["791028302728", "900101300017", "061211600012"],
    pk_ntn: ["4174941-3", "4174941", "34201-0891231-8", "3420108912318"],
    gd_number: [
        "KAPW-HC-22012-18-08-2022", "KAPS-HC-36035-06-09-2024", "PGHI-HC-624-16-08-2024", "KPEX-SB-29463-16-08-2024",
        "KAPW-HC-8876",
    ],
    customs_reference: [
        "26KZ000001", "18DE586612345678M2", "XQ1234", "AX.12345678", "KAPW-1-2026", "55301/120526/0012345", "5567120034",
    ],
    imdg_class: ["1.1", "1.4S", "2.1", "3", "4.3", "5.2", "6.1", "7", "8", "9"],
    hs_code: ["7202", "100119", "72021100", "7202110000"],
}  # fmt: skip

WRONG: dict[Reader, list[str]] = {
    imo_number: ["9074728", "0000000", "907472", "90747290", "IMO", "IMO  9074729"],
    mmsi: ["46301234", "4630123456", "46301234X"],
    container_number: ["CSQU3054384", "CSQA3054383", "CSQU305438", "A_BU1234567"],
    un_locode: ["PKKH", "PKKH1", "PKKH0", "P1KHI", "PKGWDX"],
    kz_bin: [
        "020240000556", "021340000555", "020740000555", "02024000055", "791028302728",
        *(f"23094169253{digit}" for digit in range(10)), *(f"12106305258{digit}" for digit in range(10)),
    ],
    kz_iin: ["791028302729", "791328302728", "791032302728", "791028702728"],
    pk_ntn: ["417494", "4174941-33", "41749413", "4174941-"],
    gd_number: ["KAPW-HC", "KAP-HC-1", "KAPW-HC-22012-18-13-2022", "KAPW-HC-22012-32-08-2022", "KAPW-HC-1-18-08-22"],
    customs_reference: [
        "XQ 1234", "2\u0421KZ000001", "26\u0131z000001", "KAPW_1", "KAPW--1", "-1", "1/", "",
        "XQ1234\n", "KAPW,1",
    ],
    imdg_class: ["0", "10", "1", "1.7", "1.4T", "2.4", "3.1", "4", "5.3", "6.3"],
    hs_code: ["720", "72021", "720211000", "72021100000"],
}  # fmt: skip


@pytest.mark.parametrize(("read", "text"), [(read, text) for read, texts in RIGHT.items() for text in texts])
def test_a_published_number_passes_and_comes_back_as_it_is(read: Reader, text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize(("read", "text"), [(read, text) for read, texts in WRONG.items() for text in texts])
def test_a_near_miss_is_refused_with_a_sentence(read: Reader, text: str) -> None:
    with pytest.raises(ValueError, match=r"^(An?|The|An identifier) .{15,}"):
        read(text)


@pytest.mark.parametrize(
    ("read", "text", "plain"),
    [
        (imo_number, " imo 9074729 ", "9074729"),
        (imo_number, "IMO9074729", "9074729"),
        (container_number, "csqu 305438-3", "CSQU3054383"),
        (un_locode, "pk gwd", "PKGWD"),
        (hs_code, "7202.11", "720211"),
        (imdg_class, "1.4s", "1.4S"),
    ],
)
def test_a_number_written_as_people_write_it_is_normalised(read: Reader, text: str, plain: str) -> None:
    assert read(text) == plain


@pytest.mark.parametrize("read", EVERY)
@pytest.mark.parametrize("change", ["٣", "３", "²", "ı", "À", "\n", "\0", "\t"])  # noqa: RUF001
def test_only_ascii_letters_and_digits_make_a_number(read: Reader, change: str) -> None:
    good = RIGHT[read][0]
    for spoilt in (good[:-1] + change, change + good[1:], good + change):
        with pytest.raises(ValueError, match=r"\w"):
            read(spoilt)


@pytest.mark.parametrize("read", EVERY)
@given(text=st.text(max_size=30))
def test_no_text_breaks_a_reader_and_what_passes_passes_again(read: Reader, text: str) -> None:
    try:
        plain = read(text)
    except ValueError:
        return
    assert plain.isascii()
    assert read(plain) == plain


def passes(read: Reader, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


@given(digits(7).filter(lambda text: text != "0000000"))
def test_stdnum_agrees_on_every_imo_number(text: str) -> None:
    assert passes(imo_number, text) == imo.is_valid(text)


@given(digits(6))
def test_every_six_digits_have_one_check_digit_as_an_imo_number(body: str) -> None:
    right = [body + str(digit) for digit in range(10) if passes(imo_number, body + str(digit))]
    assert right == ([] if body == "000000" else [body + imo.calc_check_digit(body)])


def stdnum_takes(text: str) -> bool:
    """Ask stdnum; its `is_valid` lets a bare ValueError out, so `validate` is asked."""
    try:
        iso6346.validate(text)
    except (ValidationError, ValueError):
        return False
    return True


@given(
    st.from_regex(r"[A-Z]{3}[UJZR][0-9]{6}", fullmatch=True, alphabet=st.characters(codec="ascii")), st.integers(0, 9)
)
@example("SCTU013807", 0)
def test_stdnum_agrees_on_every_container_number(body: str, digit: int) -> None:
    assert passes(container_number, f"{body}{digit}") == stdnum_takes(f"{body}{digit}")
    right = iso6346.calc_check_digit(body)
    assert container_number(body + right) == body + right


@given(
    st.from_regex(r"[0-9]{2}(0[1-9]|1[0-2])[456][0-3][0-9]{6}", fullmatch=True, alphabet=st.characters(codec="ascii"))
)
@example("240461530120")
def test_idnumbers_agrees_on_every_bin(text: str) -> None:
    assert passes(kz_bin, text) == KAZ.BusinessIDNumber.validate(text)


@given(st.dates(), st.sampled_from("123456"), digits(4))
def test_idnumbers_agrees_on_every_iin(born: object, century: str, serial: str) -> None:
    for check in range(10):
        text = f"{born:%y%m%d}{century}{serial}{check}"
        assert passes(kz_iin, text) or not KAZ.IndividualIDNumber.validate(text)
    assert sum(passes(kz_iin, f"{born:%y%m%d}{century}{serial}{check}") for check in range(10)) <= 1
