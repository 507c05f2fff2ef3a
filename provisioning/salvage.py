"""``yicang provision salvage``: what a kiosk's card still holds and the hub does not, as a bundle.

Rules
-----
* Nothing on the card is written: journals are copied with their write-ahead logs, and read from the
  copy. The card may be mounted read-only.
* SQLite reads what it can. Where it cannot, events are looked for in the raw bytes: a line begins
  with words that nothing else has, and its hashes say whether it is whole. Journals that the kiosk
  itself put aside as damaged are read as well.
* What the kiosk knew to be acknowledged is left out, unless asked for; the hub sorts out what it
  has anyhow.
* The bundle is signed if the card has the kiosk's key. It says that it comes from a card, so that
  the hub takes in nothing of it without a person's word.
"""

import os
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from contract.bundles import Opening, Source, in_batches
from contract.enrolment import Identity
from contract.events import MAX_EVENT_BYTES, Event, EventError, decode, type_of
from kiosk.bundles import seal, signing_key_id
from kiosk.identity import IdentityError, IdentityStore
from kiosk.setup.anew import EARLIER
from kiosk.store import SEQ_BITS, seq_of

JOURNAL: Final = "journal.sqlite3"
STATE: Final = Path("var/lib/yicang/kiosk")
BATCH: Final = 100

_BESIDE: Final = ("-wal", "-shm", "-journal")
_BEGINS: Final = re.compile(rb'\{"prev":"[0-9a-f]{64}","salt":"[0-9a-f]{32}","public":\{')
_STRINGS_AND_BRACES: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')


class SalvageError(Exception):
    """Nothing can be had from there; the text is for people, zh / en."""


class Found(Struct, frozen=True):
    """An event on a card. ``event`` is None for a line that cannot be read."""

    epoch: str
    seq: int
    hash: str
    raw: bytes
    event: Event | None


class Journal(Struct, frozen=True):
    """What one journal held: ``acked`` by epoch as the kiosk knew it; ``damaged`` tells whether
    bytes had to be searched."""

    name: str
    found: tuple[Found, ...]
    acked: dict[str, int]
    damaged: bool


class Card(Struct, frozen=True):
    """A kiosk's card. ``identity`` is None when it is gone."""

    kiosk: str
    identity: Identity | None
    journals: tuple[Journal, ...]

    @property
    def events(self) -> dict[tuple[str, int, str], Found]:
        """Every event once, by epoch, seq and hash."""
        return {
            (one.epoch, one.seq, one.hash): one
            for journal in self.journals
            for one in journal.found
        }

    def unsent(self) -> dict[tuple[str, int, str], Found]:
        """Those that the kiosk did not know to be with the hub."""
        acked: dict[str, int] = {}
        for journal in self.journals:
            for epoch, through in journal.acked.items():
                acked[epoch] = max(through, acked.get(epoch, 0))
        return {key: one for key, one in self.events.items() if one.seq > acked.get(one.epoch, 0)}


# --- reading --------------------------------------------------------------------------------------


def read_card(source: Path) -> Card:
    """What is on the card, whose root, state folder or journal file ``source`` is.

    Raises:
        SalvageError: there is no journal, or no event of one kiosk in it.
        OSError: it cannot be read.
    """
    files = _journal_files(source)
    if not files:
        before = ", ".join(map(str, earlier_kiosks(source)))
        told = f"（以前的在 / earlier ones: {before}）" if before else ""
        raise SalvageError(
            f"{source}: 这里没有终端的日志 {JOURNAL} / holds no journal of a kiosk{told}"
        )
    identity = _identity(files[0].parent)
    journals = tuple(_read(file) for file in files)
    named = Counter(
        one.event.public.kiosk for journal in journals for one in journal.found if one.event
    )
    if not named:
        raise SalvageError(f"{source}: 一条记录也读不出来 / not one event can be read")
    kiosk = identity.kiosk if identity is not None else named.most_common(1)[0][0]
    own = tuple(
        Journal(
            one.name,
            tuple(f for f in one.found if f.event is None or f.event.public.kiosk == kiosk),
            one.acked,
            one.damaged,
        )
        for one in journals
    )
    return Card(kiosk, identity, own)


def _journal_files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    return next(filter(None, map(_journals_in, (source, source / STATE))), [])


def _journals_in(folder: Path) -> list[Path]:
    return [
        one
        for one in sorted(folder.glob(f"{JOURNAL}*"))
        if one.is_file() and not one.name.endswith(_BESIDE)
    ]


def earlier_kiosks(source: Path) -> list[Path]:
    """Folders on the card of kiosks that the machine was before it was set up anew, each of which
    can be read as a card of its own."""
    return [
        folder
        for state in (source, source / STATE)
        for folder in sorted((state / EARLIER).glob("*/"))
        if _journals_in(folder)
    ]


def _identity(folder: Path) -> Identity | None:
    try:
        return IdentityStore(folder / "identity.json").load()
    except (IdentityError, OSError):
        return None


def _read(file: Path) -> Journal:
    with tempfile.TemporaryDirectory() as room:
        copy = Path(room) / "journal"
        shutil.copyfile(file, copy)
        for end in ("-wal", "-journal"):
            beside = file.with_name(file.name + end)
            if beside.exists():
                shutil.copyfile(beside, copy.with_name(copy.name + end))
        carved = list(_carved(copy))  # first: SQLite changes what it repairs
        rows, acked, whole = _rows(copy)
    if whole:
        return Journal(file.name, tuple(rows.values()), acked, False)
    for one in carved:
        rows.setdefault((one.epoch, one.seq, one.hash), one)
    return Journal(file.name, tuple(rows.values()), acked, True)


def _rows(copy: Path) -> tuple[dict[tuple[str, int, str], Found], dict[str, int], bool]:
    """What SQLite reads of it, and whether it says that this is all."""
    rows: dict[tuple[str, int, str], Found] = {}
    acked: dict[str, int] = {}
    try:
        with closing(sqlite3.connect(copy)) as db:
            epochs = {}
            for number, epoch, through in db.execute("SELECT number, epoch, acked FROM epoch"):
                epochs[number] = epoch
                acked[epoch] = through
            for key, digest, raw in db.execute("SELECT id, hash, raw FROM event ORDER BY id"):
                epoch = epochs.get(key >> SEQ_BITS)
                if epoch is not None:
                    one = _found(epoch, seq_of(key), digest, bytes(raw))
                    rows[one.epoch, one.seq, one.hash] = one
            whole = db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except (sqlite3.Error, TypeError, ValueError):
        return rows, acked, False
    return rows, acked, whole


def _found(epoch: str, seq: int, digest: str, raw: bytes) -> Found:
    try:
        event = decode(raw)
    except EventError:
        return Found(epoch, seq, digest, raw, None)
    public = event.public
    return Found(public.epoch, public.seq, event.hash, raw, event)


def _carved(copy: Path) -> Iterator[Found]:
    """Events in the bytes of the database and of its log, wherever they lie."""
    for file in (copy, copy.with_name(copy.name + "-wal")):
        if not file.exists():
            continue
        data = file.read_bytes()
        for begin in _BEGINS.finditer(data):
            raw = _object(data[begin.start() : begin.start() + MAX_EVENT_BYTES])
            if raw is None:
                continue
            try:
                event = decode(raw)
            except EventError:
                continue
            yield Found(event.public.epoch, event.public.seq, event.hash, raw, event)


def _object(data: bytes) -> bytes | None:
    """The JSON object that ``data`` begins with; None when it does not end."""
    depth = 0
    for part in _STRINGS_AND_BRACES.finditer(data):
        text = part.group()
        if text == b"{":
            depth += 1
        elif text == b"}":
            depth -= 1
            if depth == 0:
                return data[: part.end()]
    return None


# --- writing --------------------------------------------------------------------------------------


def write_bundle(
    card: Card, chosen: dict[tuple[str, int, str], Found], hub: str, out: Path, software: str
) -> int:
    """Writes ``chosen`` for the hub with this public key; how many events are in the file.

    Raises:
        SalvageError: that is no key of a hub.
        OSError: it cannot be written; FileExistsError for a file that is there.
    """
    seed = card.identity.signing_key if card.identity is not None else None
    made = int(datetime.now(UTC).timestamp() * 1000)
    opening = Opening(
        1, card.kiosk, Source.SALVAGE, hub, made, True, software, signing_key_id(seed)
    )
    rows = ((one.epoch, one.seq, one.hash, one.raw) for _, one in sorted(chosen.items()))
    descriptor = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            events, _ = seal(opening, seed, iter(in_batches(rows, BATCH)), file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        out.unlink(missing_ok=True)
        if isinstance(error, ValueError):
            raise SalvageError(f"--to: 不是中心的公钥 / is no key of a hub: {hub}") from None
        raise
    return events


# --- the command ----------------------------------------------------------------------------------


@click.command("salvage")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="写成的数据包 / the bundle to write",
)
@click.option(
    "--to",
    "hub",
    default="",
    help="中心的公钥 age1…（yicang hub bundle key 会打印）；不写则用卡里记下的"
    " / the hub's public key (yicang hub bundle key prints it); what the card says if not given",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="连中心确认过的也写进去 / what the hub has acknowledged as well",
)
def salvage_command(source: Path, out: Path, hub: str, everything: bool) -> None:
    """从终端的存储卡取出未发送的记录 / Recover unsent events from a kiosk's card.

    SOURCE 是卡的挂载目录、卡上的 /var/lib/yicang/kiosk，或一个日志文件；只读，不改动。
    SOURCE is the card's mounted folder, /var/lib/yicang/kiosk on it, or a journal's file; it is
    only read. Hand the bundle in on the hub's page "Bundles"; it is taken in after review.
    """
    from kiosk.__main__ import software

    try:
        card = read_card(source)
        chosen = card.events if everything else card.unsent()
        _print(card, chosen)
        for folder in earlier_kiosks(source):
            click.echo(f"另外，以前的终端，请单独取 / an earlier kiosk, by itself: {folder}")
        recipient = hub or (card.identity.bundle_key if card.identity is not None else None)
        if not chosen:
            click.echo("没有要带给中心的记录 / there is nothing to bring to the hub")
            return
        if not recipient:
            raise SalvageError(
                "--to: 卡里没有中心的公钥，请写明（在中心运行 yicang hub bundle key）"
                " / the card does not name the hub's key: give it (yicang hub bundle key prints it)"
            )
        count = write_bundle(card, chosen, recipient, out, software())
    except SalvageError as error:
        raise click.UsageError(str(error)) from None
    except FileExistsError:
        raise click.UsageError(f"{out}: 已存在 / is there already") from None
    except PermissionError as error:
        raise click.UsageError(
            f"{error.filename}: 没有权限，请用 sudo / no permission: use sudo"
        ) from None
    except OSError as error:
        raise click.UsageError(f"{error.filename or source}: {error.strerror}") from None
    click.echo(f"{out}: 写入 {count} 条记录 / {count} events written")


def _print(card: Card, chosen: dict[tuple[str, int, str], Found]) -> None:
    click.echo(f"终端 / kiosk: {card.kiosk}")
    if card.identity is None:
        click.echo(
            "卡里没有身份文件，数据包不能签名"
            " / the card has no identity: the bundle cannot be signed"
        )
    for journal in card.journals:
        told = f"{journal.name}: {len(journal.found)} 条记录 / events"
        if journal.damaged:
            told += "（已损坏，能读的都读了 / damaged: what can be read was read）"
        click.echo(told)
    click.echo(f"中心可能没有的 / that the hub may lack: {len(chosen)}")
    read = [one.event for one in chosen.values() if one.event is not None]
    received = sum(type_of(event.public.body) == "received" for event in read)
    click.echo(f"其中收货 / of these, received: {received}")
    walls = [event.public.wall for event in read if event.public.clock]
    if walls:
        first, last = (_day(moment) for moment in (min(walls), max(walls)))
        click.echo(f"时间 / time: {first} – {last} UTC")
    unreadable = len(chosen) - len(read)
    if unreadable:
        click.echo(f"读不懂的 / not understood: {unreadable}")


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
