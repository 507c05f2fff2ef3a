"""Receipts on paper and the keys for them: from the first start on, and after an upgrade."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from contract.receipts import KeyList
from kiosk.identity import IdentityStore
from kiosk.signer import ReceiptSigner
from provisioning.record import recorded
from tests.support.hubdb import take_back_to
from tests.support.processes import run

pytestmark = pytest.mark.sqlite  # that is what provisioning sets up

CLAIM = "000G40R40M30E209"
HEAD = "kiosk-1.00000000000000aa.2.50066cfc8e4591d7"


def provision(data: Path) -> None:
    done = run("provision", "local", "--data", str(data), "--json")
    assert done.returncode == 0, done.stderr


def identity(data: Path) -> IdentityStore:
    return IdentityStore(data / "kiosk" / "identity.json")


def receipt(data: Path) -> str:
    """What the QR code would say."""
    fragment = ReceiptSigner(identity(data)).fragment(HEAD, CLAIM, 3)
    return f"http://127.0.0.1:8080/c/{CLAIM}" + ("" if fragment is None else f"#{fragment}")


def public_keys(data: Path) -> list[tuple[str, str, str, int]]:
    with closing(sqlite3.connect(data / "hub" / "hub.sqlite3")) as database:
        return database.execute(
            "SELECT kiosk, key_id, public_key, created_ms FROM kiosk_key"
        ).fetchall()


def keys_file(data: Path) -> Path:
    """``keys.json`` as somebody saved it."""
    names = ("kiosk", "key_id", "public_key", "created_ms")
    keys = [dict(zip(names, row, strict=True)) for row in public_keys(data)]
    path = data / "keys.json"
    path.write_text(json.dumps({"keys": keys}))
    assert msgspec.json.decode(path.read_bytes(), type=KeyList).keys
    return path


def test_a_receipt_is_checked_on_the_command_line_and_its_claim_is_not_shown(
    tmp_path: Path,
) -> None:
    provision(tmp_path)
    text, keys = receipt(tmp_path), str(keys_file(tmp_path))
    done = run("receipt", "check", text, "--keys", keys)
    assert (done.returncode, done.stderr) == (0, "")
    for told in ("收据是真的", "genuine", "kiosk-1", ": 3\n", HEAD):
        assert told in done.stdout
    assert CLAIM not in done.stdout

    done = run("receipt", "check", text.replace(".3.", ".4."), "--keys", keys)
    assert (done.returncode, done.stdout) == (1, "")
    assert "签名不符" in done.stderr
    assert "does not fit" in done.stderr
    assert CLAIM not in done.stderr


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("6901234567892", "不是收据二维码", "not what a receipt's QR code says"),
        (f"http://127.0.0.1:8080/c/{CLAIM}", "没有签名", "has no signature"),
        (f"http://127.0.0.1:8080/c/{CLAIM}#1.kiosk-1", "不完整", "cut short"),
        (f"http://127.0.0.1:8080/c/{CLAIM}#2.x", "更新的版本", "a later release"),
        (
            f"http://127.0.0.1:8080/c/{CLAIM}#1.{HEAD}.3.00000000.{'A' * 86}",
            "没有这台终端的这个公钥",
            "no such key",
        ),
    ],
)
def test_a_text_that_proves_nothing_is_refused_in_both_languages(
    tmp_path: Path, text: str, zh: str, en: str
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": []}')
    done = run("receipt", "check", text, "--keys", str(keys))
    assert (done.returncode, done.stdout) == (1, "")
    assert zh in done.stderr
    assert en in done.stderr


def test_a_file_that_holds_no_keys_is_a_fault_of_usage(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text("[]")
    done = run("receipt", "check", "x", "--keys", str(keys))
    assert done.returncode == 2
    assert "is no file of keys" in done.stderr


def test_a_kiosk_of_an_earlier_release_gets_a_key_once_and_keeps_all_else(tmp_path: Path) -> None:
    provision(tmp_path)
    before = identity(tmp_path).load()
    identity(tmp_path).save(msgspec.structs.replace(before, signing_key=None))
    take_back_to(tmp_path / "hub" / "hub.sqlite3", "0001")
    assert "#" not in receipt(tmp_path), "printed all the same, without a signature"
    assert recorded(tmp_path) is None, "the next start of `yicang up` finishes the set-up"

    provision(tmp_path)
    after = identity(tmp_path).load()
    assert recorded(tmp_path) is not None
    assert after.signing_key not in (None, before.signing_key)
    assert after == msgspec.structs.replace(before, signing_key=after.signing_key)
    assert (
        run("receipt", "check", receipt(tmp_path), "--keys", str(keys_file(tmp_path))).returncode
        == 0
    )

    provision(tmp_path)
    assert identity(tmp_path).load() == after
    assert len(public_keys(tmp_path)) == 1


def test_a_hub_that_lost_a_key_learns_it_from_the_kiosk_again(tmp_path: Path) -> None:
    provision(tmp_path)
    before = [row[:3] for row in public_keys(tmp_path)]
    with closing(sqlite3.connect(tmp_path / "hub" / "hub.sqlite3")) as database:
        database.execute("DELETE FROM kiosk_key")
        database.commit()
    provision(tmp_path)
    assert [row[:3] for row in public_keys(tmp_path)] == before


def test_receipts_of_a_lost_identity_can_still_be_checked(tmp_path: Path) -> None:
    provision(tmp_path)
    old = receipt(tmp_path)
    (tmp_path / "kiosk" / "identity.json").unlink()
    provision(tmp_path)
    keys = str(keys_file(tmp_path))
    assert receipt(tmp_path) != old
    for text in (old, receipt(tmp_path)):
        assert run("receipt", "check", text, "--keys", keys).returncode == 0
