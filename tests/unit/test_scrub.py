"""What leaves a kiosk in a log says nothing of persons, and stays readable."""

import pytest

from contract.codes import Kind, token_code
from kiosk.tasks.scrub import GONE, scrub

CARD = token_code(Kind.PERSON, bytes(range(10)))
FAMILY = token_code(Kind.FAMILY, bytes(range(100, 110)))


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"card {CARD} here", CARD[1:]),
        (f"family {FAMILY}", FAMILY[1:]),
        ("GET /c/C1A1M0123456789Z#sig HTTP/1.1", "C1A1M"),
        ("scan WIFI:S:Granny's;T:WPA;P:open sesame;;", "Granny"),
        ("ssid=Granny", "Granny"),
        ('"psk": "open sesame"', "sesame"),
        ("password: hunter2", "hunter2"),
        ("person " + "ab" * 32, "abab"),
        ("ring 13912345678 at once", "13912345678"),
        ("id 11010519900101123X", "1101051990"),
        ("mail to nai.nai@example.org", "nai.nai"),
    ],
)
def test_it_is_gone(text: str, gone: str) -> None:
    scrubbed = scrub(text)
    assert gone not in scrubbed
    assert GONE in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "kiosk riverside-k1 is ready, journal acde8d5479443d69",
        "carrying out logs e3f00374c28b4cfc",
        "usb:0416:5011: out of paper",
        "network:10.0.0.9:9100 does not answer",
        "label G7K2M00001X is out",
        "2026-11-22T10:35:18.115Z",
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert scrub(text) == text


def test_a_known_secret_is_gone_whatever_it_looks_like() -> None:
    assert scrub("said tr0ub4dor, twice", ("tr0ub4dor", "")) == f"said {GONE}, twice"
