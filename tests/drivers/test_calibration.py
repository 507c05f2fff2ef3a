"""A scan of the calibration code names what is set wrongly, and nothing else is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.calibration import ADVICE, HEAD, TAIL, TEXT, Fault, diagnose
from drivers.scans import GS
from tests.support.key_devices import typed

US_ROWS = ("`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./")
SHIFTED = ("~!@#$%^&*()_+", "QWERTYUIOP{}|", 'ASDFGHJKL:"', "ZXCVBNM<>?")
KEYBOARDS = {
    # What stands on the keys, row by row, without and with Shift; "·" is of no interest here.
    Fault.AZERTY: (
        ("·&é\"'(-è_çà)=", "azertyuiop^$*", "qsdfghjklmù", "wxcvbn,;:!"),
        ("·1234567890°+", "AZERTYUIOP¨£µ", "QSDFGHJKLM%", "WXCVBN?./§"),
    ),
    Fault.QWERTZ: (
        ("^1234567890ß´", "qwertzuiopü+#", "asdfghjklöä", "yxcvbnm,.-"),
        ('°!"§$%&/()=?`', "QWERTZUIOPÜ*'", "ASDFGHJKLÖÄ", "YXCVBNM;:_"),
    ),
    Fault.LATIN: (
        ("º1234567890'¡", "qwertyuiop`+ç", "asdfghjklñ´", "zxcvbnm,.-"),
        ('ª!"·$%&/()=?¿', "QWERTYUIOP^*Ç", "ASDFGHJKLÑ¨", "ZXCVBNM;:_"),
    ),
    Fault.TURKISH: (
        ('"1234567890*-', "qwertyuıopğü,", "asdfghjklşi", "zxcvbnmöç."),
        ("é!'^+%&/()=?_", "QWERTYUIOPĞÜ;", "ASDFGHJKLŞİ", "ZXCVBNMÖÇ:"),
    ),
    Fault.LAYOUT: (  # Japanese
        ("·1234567890-^", "qwertyuiop@[]", "asdfghjkl;:", "zxcvbnm,./"),
        ("·!\"#$%&'()·=~", "QWERTYUIOP`{}", "ASDFGHJKL+*", "ZXCVBNM<>?"),
    ),
}


def as_us(text: str, keyboard: Fault) -> str:
    """What comes out when a scanner types for that keyboard and we read a US one."""
    plain, shifted = KEYBOARDS[keyboard]
    keys = {
        theirs: ours
        for their_rows, our_rows in ((shifted, SHIFTED), (plain, US_ROWS))
        for their_row, our_row in zip(their_rows, our_rows, strict=True)
        for theirs, ours in zip(their_row, our_row, strict=True)
    }
    return "".join(keys.get(char, char) for char in text)


def faults(text: str) -> set[Fault]:
    found = diagnose(text, "cr")
    assert found is not None
    return set(found.faults)


def test_a_scanner_that_is_set_up_well_is_told_so() -> None:
    found = diagnose(TEXT, "cr")
    assert found is not None
    assert found.faults == ()
    assert found.words.en == "the scanner is set up well"
    assert typed(TEXT)  # every character has a key


@pytest.mark.parametrize("keyboard", KEYBOARDS)
def test_a_foreign_layout_is_named(keyboard: Fault) -> None:
    assert faults(as_us(TEXT, keyboard)) == {keyboard}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (TEXT.swapcase(), Fault.CASE_SWAPPED),
        (TEXT.upper(), Fault.UPPER_CASE),
        (TEXT.lower(), Fault.LOWER_CASE),
        (HEAD + TAIL, Fault.GS_DROPPED),
        (HEAD + "^]" + TAIL, Fault.GS_REPLACED),
        (HEAD + " " + TAIL, Fault.GS_REPLACED),
        ("A" + TEXT, Fault.EXTRA),
        (TEXT + "#", Fault.EXTRA),
    ],
)
def test_each_fault_has_its_name(text: str, fault: Fault) -> None:
    assert faults(text) == {fault}


def test_a_missing_suffix_is_named_only_where_it_is_known() -> None:
    for ended_by, expected in (("silence", (Fault.NO_SUFFIX,)), (None, ()), ("tab", ())):
        found = diagnose(TEXT, ended_by)  # type: ignore[arg-type]
        assert found is not None
        assert found.faults == expected


def test_several_faults_are_all_named_in_both_languages() -> None:
    found = diagnose(as_us((HEAD + TAIL).swapcase(), Fault.AZERTY), "silence", by_numbers=True)
    assert found is not None
    expected = {
        Fault.AZERTY, Fault.CASE_SWAPPED, Fault.GS_DROPPED, Fault.NO_SUFFIX, Fault.BY_NUMBERS,
    }  # fmt: skip
    assert set(found.faults) == expected
    for fault in expected:
        assert ADVICE[fault].zh in found.words.zh
        assert ADVICE[fault].en in found.words.en


def test_every_fault_has_advice() -> None:
    assert set(ADVICE) == set(Fault)


@pytest.mark.parametrize(
    "text",
    [
        "6901234567892",
        "P0123456789ABCDEFG",
        "https://hub.example/c/0123456789ABCDEF#signature",
        "https://id.gs1.org/01/09506000134352/10/ABC",
        "0109501101530003\x1d10ABC\x1d17291231",
        "KCRICE0",
        "",
        "29",
    ],
)
def test_other_codes_are_not_taken_for_it(text: str) -> None:
    assert diagnose(text, "cr") is None


@given(st.text(st.characters(max_codepoint=0x7E), max_size=50))
def test_chance_does_not_look_like_it(text: str) -> None:
    assert diagnose(text, "silence") is None


def test_a_garbled_separator_under_a_foreign_layout_is_named_with_it() -> None:
    assert faults(as_us(HEAD + GS + TAIL, Fault.LAYOUT).replace(GS, "}")) == {
        Fault.LAYOUT,
        Fault.GS_REPLACED,
    }
