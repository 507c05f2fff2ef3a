"""A kiosk's identity document: prefixes are spent before they are used, and never twice."""

import json
import stat
import threading
from pathlib import Path

import pytest

from contract.enrolment import Grant, Identity, decode_identity
from kiosk.identity import IdentityError, IdentityStore

PREFIXES = ("7K2M", "0001", "ZZZZ")
JOURNAL, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def store(tmp_path: Path) -> IdentityStore:
    store = IdentityStore(tmp_path / "identity.json")
    grants = tuple(Grant(prefix) for prefix in PREFIXES)
    store.save(Identity("stop-1", "stop-1", "x" * 32, grants))
    return store


def reopened(tmp_path: Path) -> IdentityStore:
    return IdentityStore(tmp_path / "identity.json")


def test_a_journal_keeps_its_prefix_across_restarts(store: IdentityStore, tmp_path: Path) -> None:
    assert store.take_prefix(JOURNAL) == "7K2M"
    assert reopened(tmp_path).take_prefix(JOURNAL) == "7K2M"
    assert store.prefixes_left() == 2


def test_a_new_journal_takes_the_next_spare(store: IdentityStore, tmp_path: Path) -> None:
    store.take_prefix(JOURNAL)
    assert reopened(tmp_path).take_prefix(OTHER) == "0001"
    assert store.take_prefix(JOURNAL) == "7K2M"


def test_a_restored_journal_takes_a_fresh_prefix_and_keeps_that_one(
    store: IdentityStore, tmp_path: Path
) -> None:
    store.take_prefix(JOURNAL)
    assert store.take_prefix(JOURNAL, fresh=True) == "0001"
    assert reopened(tmp_path).take_prefix(JOURNAL) == "0001"


def test_the_prefix_is_on_disk_before_it_is_handed_out(
    store: IdentityStore, tmp_path: Path
) -> None:
    prefix = store.take_prefix(JOURNAL)
    on_disk = decode_identity((tmp_path / "identity.json").read_bytes())
    assert prefix is not None
    assert Grant(prefix, JOURNAL) in on_disk.prefixes


def test_without_spares_there_is_none_and_the_own_one_stays(store: IdentityStore) -> None:
    store.take_prefix(JOURNAL)
    assert [store.take_prefix(JOURNAL, fresh=True) for _ in range(3)] == ["0001", "ZZZZ", None]
    assert store.prefixes_left() == 0
    assert store.take_prefix(OTHER) is None
    assert store.take_prefix(JOURNAL) == "ZZZZ"


def test_two_journals_at_the_same_moment_never_share_a_prefix(
    store: IdentityStore, tmp_path: Path
) -> None:
    start = threading.Barrier(3)
    taken: list[str | None] = []

    def take(journal: str) -> None:
        own = reopened(tmp_path)
        start.wait()
        taken.append(own.take_prefix(journal))

    threads = [threading.Thread(target=take, args=(f"{n:016x}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, taken)) == sorted(PREFIXES)


def test_the_last_epoch_and_its_hash_are_remembered(store: IdentityStore, tmp_path: Path) -> None:
    store.remember_epoch("a" * 16, "b" * 64)
    store.remember_epoch("c" * 16)
    identity = reopened(tmp_path).load()
    assert (identity.last_epoch, identity.last_head_hash) == ("c" * 16, "b" * 64)


def test_only_its_owner_can_read_it_and_nothing_is_left_beside_it(
    store: IdentityStore, tmp_path: Path
) -> None:
    store.take_prefix(JOURNAL)
    assert stat.S_IMODE((tmp_path / "identity.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["identity.json"]


def test_a_missing_document_says_that_the_kiosk_is_not_enrolled(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="has not been enrolled"):
        IdentityStore(tmp_path / "nowhere" / "identity.json").take_prefix(JOURNAL)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "truncated"),
        (b"{\xff", "cannot be read"),
        (b'{"kiosk":"stop-1","username":"stop-1","password":"short"}', "password"),
    ],
)
def test_a_damaged_document_is_named_and_left_alone(
    tmp_path: Path, content: bytes, named: str
) -> None:
    path = tmp_path / "identity.json"
    path.write_bytes(content)
    with pytest.raises(IdentityError, match=named):
        IdentityStore(path).take_prefix(JOURNAL)
    assert path.read_bytes() == content


def test_what_a_later_release_wrote_down_survives_going_back(
    store: IdentityStore, tmp_path: Path
) -> None:
    path = tmp_path / "identity.json"
    document = json.loads(path.read_bytes())
    document["of_a_later_release"] = {"key": ["value", 1]}
    path.write_text(json.dumps(document))
    assert store.take_prefix(JOURNAL) == "7K2M"
    store.remember_epoch(JOURNAL, "a" * 64)
    after = json.loads(path.read_bytes())
    assert after["of_a_later_release"] == {"key": ["value", 1]}
    assert after["last_epoch"] == JOURNAL


def test_another_kiosks_document_leaves_nothing_behind(
    store: IdentityStore, tmp_path: Path
) -> None:
    path = tmp_path / "identity.json"
    document = json.loads(path.read_bytes())
    document["of_a_later_release"] = "secret"
    path.write_text(json.dumps(document))
    store.save(Identity("stop-2", "stop-2", "y" * 32))
    assert "secret" not in path.read_text()
