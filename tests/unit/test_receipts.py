"""Receipts: what is genuine is believed, and nothing else is."""

from pathlib import Path
from typing import Final

import msgspec
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from contract.codes import claim_text
from contract.enrolment import Identity
from contract.events import MAX_SEQ, claim_hash
from contract.receipts import (
    MAX_ITEMS,
    SIGNATURE_BYTES,
    Fragment,
    KeyList,
    Problem,
    PublishedKey,
    ReceiptError,
    check,
    key_id,
    key_text,
    parse_fragment,
    statement_bytes,
    write_fragment,
)
from drivers.barcodes import qr_modules
from drivers.ports import PrinterProfile, Words
from drivers.raster import render
from kiosk.documents import Letterhead, Stamp, layout
from kiosk.identity import IdentityStore
from kiosk.signer import ReceiptSigner
from kiosk.state import ReceiptJob, ReceiptLine
from yicang.receipt_commands import verify

SEED: Final = "6b" * 32
OTHER_SEED: Final = "6c" * 32
CLAIM: Final = claim_text(bytes(range(10)))
HEAD: Final = "kiosk-1.00000000000000aa.17.50066cfc8e4591d7"
HUB: Final = "https://hub.example"


def private_key(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def published(seed: str, kiosk: str = "kiosk-1") -> PublishedKey:
    raw = private_key(seed).public_key().public_bytes_raw()
    return PublishedKey(kiosk, key_id(raw), key_text(raw), 0, "east", "东门站", "East Gate")


def signed(seed: str = SEED, claim: str = CLAIM, head: str = HEAD, items: int = 3) -> str:
    """What a receipt's QR code says, made without the kiosk's own signer."""
    signature = private_key(seed).sign(statement_bytes(head, claim_hash(claim), items))
    fragment = write_fragment(head, items, published(seed).key_id, signature)
    return f"{HUB}/c/{claim}#{fragment}"


def signer(folder: Path, seed: str | None = SEED) -> ReceiptSigner:
    store = IdentityStore(folder / "identity.json")
    store.save(Identity("kiosk-1", "kiosk-1", "x" * 24, signing_key=seed))
    return ReceiptSigner(store)


RECEIPT: Final = signed()
KEYS: Final = KeyList((published(SEED),))


def problem(text: str, keys: KeyList = KEYS) -> Problem:
    with pytest.raises(ReceiptError) as raised:
        check(text, keys, verify)
    return raised.value.problem


# --- what is believed ------------------------------------------------------------------------


def test_a_receipt_is_checked_with_its_text_and_the_published_key_alone() -> None:
    fragment, key = check(RECEIPT, KEYS, verify)
    assert (fragment.kiosk, fragment.head, fragment.items) == ("kiosk-1", HEAD, 3)
    assert key == published(SEED)


def test_a_receipt_outlives_a_hub_that_moved_and_a_claim_typed_by_hand() -> None:
    moved = RECEIPT.replace(HUB, "http://192.0.2.7:8080/yicang").replace(CLAIM, CLAIM.lower())
    assert check(f" {moved}\n", KEYS, verify)[0].items == 3


def test_a_kiosk_that_got_a_new_key_leaves_its_old_receipts_good() -> None:
    both = KeyList((published(OTHER_SEED), published(SEED)))
    assert check(RECEIPT, both, verify)[0].head == HEAD


def test_the_kiosk_signs_a_copy_of_a_receipt_like_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        fragment = signer(tmp_path).fragment(HEAD, CLAIM, 3)
        assert f"{HUB}/c/{CLAIM}#{fragment}" == RECEIPT


def test_a_kiosk_without_a_key_signs_nothing_until_it_has_one(tmp_path: Path) -> None:
    without = signer(tmp_path, None)
    assert without.fragment(HEAD, CLAIM, 3) is None
    signer(tmp_path, SEED)
    assert without.fragment(HEAD, CLAIM, 3) is not None
    assert ReceiptSigner(IdentityStore(tmp_path / "gone")).fragment(HEAD, CLAIM, 3) is None


@given(
    kiosk=st.from_regex(r"[a-z0-9][a-z0-9-]{2,31}", fullmatch=True),
    epoch=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    seq=st.integers(1, MAX_SEQ),
    digest=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    items=st.integers(0, MAX_ITEMS),
    key=st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    signature=st.binary(min_size=SIGNATURE_BYTES, max_size=SIGNATURE_BYTES),
)
def test_every_fragment_that_can_be_written_is_read_back(
    kiosk: str, epoch: str, seq: int, digest: str, items: int, key: str, signature: bytes
) -> None:
    head = f"{kiosk}.{epoch}.{seq}.{digest}"
    read = parse_fragment(write_fragment(head, items, key, signature))
    assert read == Fragment(head, items, key, signature)
    assert read.kiosk == kiosk


# --- what is not -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "other", "expected"),
    [
        (CLAIM, claim_text(bytes(range(1, 11))), Problem.SIGNATURE),
        ("#1.kiosk-1.", "#1.kiosk-2.", Problem.SIGNATURE),
        ("#1.kiosk-1.", "#1.kiosk-3.", Problem.UNKNOWN_KEY),
        (".00000000000000aa.", ".00000000000000ab.", Problem.SIGNATURE),
        (".17.", ".18.", Problem.SIGNATURE),
        (".50066cfc8e4591d7.", ".50066cfc8e4591d8.", Problem.SIGNATURE),
        (".3.", ".4.", Problem.SIGNATURE),
        (f".{published(SEED).key_id}.", f".{published(OTHER_SEED).key_id}.", Problem.SIGNATURE),
        (f".{published(SEED).key_id}.", ".00000000.", Problem.UNKNOWN_KEY),
    ],
)
def test_a_receipt_with_any_part_changed_is_not_believed(
    part: str, other: str, expected: Problem
) -> None:
    # Both other ways to sign are published: it is not the lookup that saves us.
    keys = KeyList((published(SEED), published(SEED, "kiosk-2"), published(OTHER_SEED)))
    assert RECEIPT.count(part) == 1
    assert problem(RECEIPT.replace(part, other), keys) == expected


@given(at=st.integers(1, 86), char=st.sampled_from("AQgwzZ09-_"))
def test_a_signature_with_any_character_changed_is_not_believed(at: int, char: str) -> None:
    changed = RECEIPT[: len(RECEIPT) - at] + char + RECEIPT[len(RECEIPT) - at + 1 :]
    if changed != RECEIPT:
        assert problem(changed) in (Problem.SIGNATURE, Problem.FORM)


@given(length=st.integers(1, len(RECEIPT) - 1))
def test_a_receipt_that_was_read_in_part_is_not_believed(length: int) -> None:
    assert problem(RECEIPT[:length]) in (Problem.NO_RECEIPT, Problem.UNSIGNED, Problem.FORM)


def test_a_receipt_that_another_kiosk_signed_is_not_believed() -> None:
    assert problem(signed(OTHER_SEED)) == Problem.UNKNOWN_KEY
    elsewhere = KeyList((published(SEED), published(OTHER_SEED, "kiosk-2")))
    assert problem(signed(OTHER_SEED), elsewhere) == Problem.UNKNOWN_KEY


def test_a_published_key_that_does_not_have_its_id_counts_for_nothing() -> None:
    for raw in (published(OTHER_SEED).public_key, "/" * 43 + "="):
        forged = msgspec.structs.replace(published(SEED), public_key=raw)
        assert problem(RECEIPT, KeyList((forged,))) == Problem.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RECEIPT.replace("#1.", "#2."), Problem.VERSION),
        (RECEIPT.replace("#1.", "#2.later."), Problem.VERSION),
        (RECEIPT.replace("#1.", "#01."), Problem.VERSION),
        (RECEIPT.replace("#1.", "#x."), Problem.FORM),
        (RECEIPT + "A", Problem.FORM),
        (RECEIPT + ".1", Problem.FORM),
        (RECEIPT.replace(".17.", ".017."), Problem.FORM),
        (RECEIPT.replace(".3.", ".03."), Problem.FORM),
        (RECEIPT.replace(".3.", ".٣."), Problem.FORM),
        (RECEIPT.replace(".3.", f".{MAX_ITEMS + 1}."), Problem.FORM),
        (RECEIPT.replace("kiosk-1", "KIOSK-1"), Problem.FORM),
        (RECEIPT.partition("#")[0], Problem.UNSIGNED),
        (RECEIPT.partition("#")[0] + "#", Problem.UNSIGNED),
        (RECEIPT.replace("/c/", "/t/"), Problem.NO_RECEIPT),
        (RECEIPT.replace(CLAIM, CLAIM[1:]), Problem.NO_RECEIPT),
        (CLAIM, Problem.NO_RECEIPT),
        ("", Problem.NO_RECEIPT),
    ],
)
def test_what_is_no_signed_receipt_of_this_release_is_told_apart(
    text: str, expected: Problem
) -> None:
    assert problem(text) == expected


@given(st.text())
def test_any_text_is_refused_without_breaking(text: str) -> None:
    assert problem(text) in (Problem.NO_RECEIPT, Problem.UNSIGNED)
    assert problem(f"{HUB}/c/{CLAIM}#1.{text}x") == Problem.FORM


# --- on paper --------------------------------------------------------------------------------

QR_DOTS: Final = 3
"""Least width of a module on 203 dpi paper: 0.375 mm, which telephones read without care."""


@pytest.mark.parametrize(
    ("hub", "kiosk", "seq"),
    [
        ("http://127.0.0.1:8080", "kiosk-1", 17),
        (
            "https://yicang.example-neighbourhood.org.cn",
            "wuhou-yulin-community-centre-012",
            MAX_SEQ,
        ),
    ],
)
def test_a_signed_receipt_fits_58_mm_paper_and_reads_from_its_dots(
    hub: str, kiosk: str, seq: int
) -> None:
    address = signed(head=f"{kiosk}.00000000000000aa.{seq}.50066cfc8e4591d7", items=MAX_ITEMS)
    text = address.replace(HUB, hub)
    stamp = Stamp("head", claim=CLAIM, fragment=text.partition("#")[2])
    job = ReceiptJob((ReceiptLine("F1", ("G7Q4K15NM7Y",)),))
    [page] = render(layout(job, Letterhead(Words("站", "Stop"), hub), stamp), PrinterProfile())
    assert page.width == 384
    [code] = zxingcpp.read_barcodes(page.convert("L"), try_downscale=False)
    assert code.text == text
    corners = code.position
    dots = (corners.top_right.x - corners.top_left.x) / len(qr_modules(text))
    assert round(dots) >= QR_DOTS
    assert abs(dots - round(dots)) < 0.05, "modules are whole dots"
