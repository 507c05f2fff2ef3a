"""Enrolling: an invitation reads however it is scanned, and nobody else's request is believed."""

import itertools
import json
import random
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import segno
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contract import codes, enrolling
from contract.actions import ALPHABET
from contract.enrolling import (
    EMPTY,
    Invitation,
    InvitationError,
    InvitationProblem,
    Refusal,
    RefusedError,
)
from contract.receipts import key_text
from yicang.receipt_commands import verify

GOLDEN: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden" / "enrolment.json").read_text()
)
CODE: Final = enrolling.new_code(bytes(range(10)))
INVITATION: Final = Invitation(CODE, enrolling.pin(b"authority"), "HUB.YICANG.EXAMPLE", 443)
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def problem(text: str) -> InvitationProblem:
    with pytest.raises(InvitationError) as raised:
        enrolling.parse(text)
    return raised.value.problem


def signed(body: bytes, key: Ed25519PrivateKey = KEY) -> str:
    return enrolling.signature_text(key.sign(enrolling.signed_bytes(body)))


def refused(body: bytes, signature: str) -> Refusal:
    with pytest.raises(RefusedError) as raised:
        enrolling.open_request(body, signature, verify)
    return raised.value.refusal


# --- released forms stay readable -----------------------------------------------------------------


@pytest.mark.parametrize("known", GOLDEN["invitations"], ids=lambda known: known["host"])
def test_a_released_invitation_reads_as_before_and_is_written_the_same(
    known: dict[str, Any],
) -> None:
    invitation = Invitation(known["code"], known["pin"], known["host"], known["port"])
    assert enrolling.parse(known["text"]) == invitation
    assert enrolling.encode(invitation) == known["text"]
    assert list(enrolling.parts(invitation)) == known["parts"]
    assert invitation.url == known["url"]


def test_a_released_request_is_still_believed() -> None:
    body = GOLDEN["body"].encode()
    request = enrolling.open_request(body, GOLDEN["signature"], verify)
    assert enrolling.encode_request(request) == body
    assert enrolling.digits(request.public_key, request.code) == GOLDEN["digits"]
    assert enrolling.code_hash(request.code) == GOLDEN["code_hash"]
    assert enrolling.pin(bytes.fromhex(GOLDEN["authority_der"])) == INVITATION.pin


# --- the invitation -------------------------------------------------------------------------------


def test_an_invitation_fits_a_qr_code_of_the_small_alphabet_and_reads_back() -> None:
    qr = segno.make(enrolling.encode(INVITATION), error="m")
    assert qr.mode == "alphanumeric"
    assert int(qr.version) <= 6  # 41 modules: large enough from a screen at arm's length
    rows = [[255 * (1 - bit) for bit in row] for row in qr.matrix_iter(scale=4, border=4)]
    image = Image.new("L", (len(rows[0]), len(rows)))
    image.putdata([bit for row in rows for bit in row])
    (found,) = zxingcpp.read_barcodes(image)
    assert enrolling.parse(found.text) == INVITATION


@pytest.mark.parametrize("spoilt", ["  {}\r\n", "\t{}", "{}\x1d"])
def test_what_a_scanner_puts_around_an_invitation_does_not_matter(spoilt: str) -> None:
    assert enrolling.parse(spoilt.format(enrolling.encode(INVITATION))) == INVITATION


def test_a_scanner_that_sends_small_letters_is_understood() -> None:
    assert enrolling.parse(enrolling.encode(INVITATION).lower()) == INVITATION


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", InvitationProblem.NOT_ONE),
        ("WIFI:S:phone;T:WPA;P:secret;;", InvitationProblem.NOT_ONE),
        ("https://hub.example/c/000G40R40M30E209", InvitationProblem.NOT_ONE),
        ("YICANG:2:WHATEVER", InvitationProblem.VERSION),
        ("YICANG:1:", InvitationProblem.DAMAGED),
        (enrolling.encode(INVITATION)[:-5], InvitationProblem.DAMAGED),
        (enrolling.encode(INVITATION)[:-3] + "70000", InvitationProblem.DAMAGED),
        (enrolling.encode(INVITATION) + "\n1", InvitationProblem.DAMAGED),
    ],
)
def test_each_thing_that_is_no_invitation_fails_in_its_own_way(
    text: str, why: InvitationProblem
) -> None:
    assert problem(text) is why


def test_every_mistyped_character_of_a_code_is_noticed() -> None:
    for place, other in itertools.product(range(len(CODE)), ALPHABET):
        if CODE[place] != other:
            wrong = CODE[:place] + other + CODE[place + 1 :]
            text = f"YICANG:1:{wrong}:{INVITATION.pin}:HUB:443"
            assert problem(text) is InvitationProblem.DAMAGED


def test_what_cannot_be_written_is_refused() -> None:
    for host in ("", "HUB EXAMPLE", "HUB:1", "义仓", "-HUB", "A..B", "HUB.", "A" * 64, "A." * 127):
        with pytest.raises(InvitationError):
            enrolling.encode(msgspec.structs.replace(INVITATION, host=host))


# --- in parts -------------------------------------------------------------------------------------

HOSTS: Final = st.one_of(
    st.from_regex(r"[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?(?:\.[A-Z0-9]{1,20}){0,3}", fullmatch=True),
    st.sampled_from(["[2001:DB8::5]", "192.168.178.20"]),
)


@given(
    code=st.binary(min_size=10, max_size=10).map(enrolling.new_code),
    pin=st.binary(max_size=40).map(enrolling.pin),
    host=HOSTS,
    port=st.integers(1, 65535),
    order=st.randoms(use_true_random=False),
)
def test_parts_in_any_order_with_repeats_are_the_invitation(
    code: str, pin: str, host: str, port: int, order: random.Random
) -> None:
    invitation = Invitation(code, pin, host, port)
    parts = enrolling.parts(invitation)
    assert all(len(part) <= enrolling.MAX_PART_LENGTH for part in parts)
    scans = [*parts, *order.choices(parts, k=3)]
    order.shuffle(scans)
    assembly = EMPTY
    for scan in scans:
        assert assembly.is_complete or enrolling.assembled(assembly) is None
        assembly = enrolling.take(assembly, scan)
    assert enrolling.assembled(assembly) == invitation


def test_a_part_of_another_invitation_begins_that_one() -> None:
    other = msgspec.structs.replace(INVITATION, code=enrolling.new_code(bytes(10)))
    assembly = EMPTY
    for scan in enrolling.parts(INVITATION)[:-1]:
        assembly = enrolling.take(assembly, scan)
    assert assembly.missing == (len(enrolling.parts(INVITATION)),)
    first, *rest = enrolling.parts(other)
    assembly = enrolling.take(assembly, first)
    assert assembly.missing == tuple(range(2, len(rest) + 2))
    for scan in rest:
        assembly = enrolling.take(assembly, scan)
    assert enrolling.assembled(assembly) == other


def test_no_part_is_one_of_our_codes_or_a_retail_code() -> None:
    for part in enrolling.parts(INVITATION):
        with pytest.raises(codes.CodeError):
            codes.parse(part)
        assert not part.isdigit()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("G7Q4K15NM7Y", InvitationProblem.NOT_ONE),
        ("EAN", InvitationProblem.DAMAGED),
        (enrolling.parts(INVITATION)[0][:-2], InvitationProblem.DAMAGED),
    ],
)
def test_what_is_no_part_is_refused(text: str, why: InvitationProblem) -> None:
    with pytest.raises(InvitationError) as raised:
        enrolling.take(EMPTY, text)
    assert raised.value.problem is why


def test_parts_that_do_not_belong_together_are_no_invitation() -> None:
    parts = enrolling.parts(INVITATION)
    assembly = EMPTY
    for scan in parts:
        assembly = enrolling.take(assembly, scan)
    chunks = (*assembly.parts[:-1], "X" + assembly.parts[-1][1:])
    with pytest.raises(InvitationError) as raised:
        enrolling.assembled(enrolling.Assembly(assembly.tag, chunks))
    assert raised.value.problem is InvitationProblem.DAMAGED


# --- the request ----------------------------------------------------------------------------------


def test_a_request_with_one_byte_changed_is_not_believed() -> None:
    body, signature = GOLDEN["body"].encode(), GOLDEN["signature"]
    changed = body.replace(b"1.0.0", b"1.0.1")
    assert refused(changed, signature) is Refusal.BAD_SIGNATURE
    assert refused(body, "") is Refusal.BAD_SIGNATURE
    assert refused(body, "????") is Refusal.BAD_SIGNATURE
    assert refused(body, signature[:-4]) is Refusal.BAD_SIGNATURE


def test_a_request_signed_with_another_key_is_not_believed() -> None:
    body = GOLDEN["body"].encode()
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert refused(body, signed(body, other)) is Refusal.BAD_SIGNATURE


def test_a_signature_made_for_a_receipt_is_none_of_a_request() -> None:
    body = GOLDEN["body"].encode()
    assert refused(body, enrolling.signature_text(KEY.sign(body))) is Refusal.BAD_SIGNATURE


def test_a_field_of_a_later_release_is_covered_by_the_signature_of_an_older_hub() -> None:
    body = GOLDEN["body"].encode()[:-1] + b',"mood":"fine"}'
    assert enrolling.open_request(body, signed(body), verify).code == CODE
    assert refused(body.replace(b"fine", b"glum"), signed(body)) is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"code": "SHORT"},
        {"public_key": "AAAA"},
        {"verifier": "plain password"},
        {"csr": "x" * 9000},
        {"serial": "x" * 65},
    ],
)
def test_a_field_that_does_not_fit_is_named_without_its_value(change: dict[str, str]) -> None:
    document = json.loads(GOLDEN["body"]) | change
    body = json.dumps(document).encode()
    with pytest.raises(RefusedError) as raised:
        enrolling.open_request(body, signed(body), verify)
    ((field, value),) = change.items()
    assert raised.value.refusal is Refusal.BAD_REQUEST
    assert f"$.{field}" in raised.value.detail
    assert value not in raised.value.detail


def test_a_request_that_is_too_long_is_refused_unread() -> None:
    body = b" " * (enrolling.MAX_REQUEST_BYTES + 1)
    assert refused(body, signed(body)) is Refusal.BAD_REQUEST


def test_digits_differ_by_key_and_by_code_and_are_always_six() -> None:
    keys = [_public(bytes([n]) * 32) for n in range(200)]
    found = [enrolling.digits(key, CODE) for key in keys]
    assert all(len(one) == 6 and one.isdigit() for one in found)
    assert len(set(found)) > 190
    assert enrolling.digits(keys[0], CODE) != enrolling.digits(
        keys[0], enrolling.new_code(bytes(10))
    )


def _public(seed: bytes) -> str:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return key_text(public)


def test_every_refusal_has_its_status() -> None:
    assert set(enrolling.STATUS) == set(Refusal)


def test_the_contract_s_page_names_every_refusal_with_its_status() -> None:
    page = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
    for refusal, status in enrolling.STATUS.items():
        assert f"| `{refusal.value}` | {status} |" in page
