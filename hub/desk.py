"""Carries out what commands ask of a hub (`hub.operations`).

The same work is done in the running hub, asked through its socket, or in the command's own
process when no hub runs. Each but a backup is one transaction of the writer.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec
import sqlalchemy as sa

from hub import db
from hub.access import account_operations, audit
from hub.access.accounts import AccountError
from hub.alerts import acts, contacts, store
from hub.alerts.contacts import ContactError
from hub.backup import Backup, BackupError, Progress
from hub.control import ControlError
from hub.fleet import enrolment, invitations, releases, stops
from hub.fleet.bundles import Imported, ImportRefusedError
from hub.fleet.invitations import InvitationRefusedError
from hub.fleet.reachable import Reach
from hub.fleet.releases import ReleaseRefusedError
from hub.fleet.simulated import RealStockError, enrol_simulated
from hub.fleet.stops import StopError
from hub.kiosks import catalogue, reference
from hub.kiosks.catalogue import CatalogueError
from hub.kiosks.reference import TooManyNamesError
from hub.log import quarantine
from hub.log.quarantine import RepairError
from hub.operations import (
    AcknowledgeAlarm,
    AddUser,
    BackupMade,
    CancelInvitation,
    ConfirmKiosk,
    CreateToken,
    DrawLabelPrefix,
    EnrolSimulated,
    ImportBundle,
    InviteKiosk,
    KeepRelease,
    KioskAnswer,
    KioskInvited,
    ListAlarms,
    ListEntries,
    ListInvitations,
    ListQuarantine,
    ListReleases,
    ListSettings,
    ListStops,
    ListUnknownCodes,
    MakeBackup,
    Operation,
    PutContact,
    PutEntries,
    PutSetting,
    PutStop,
    Quarantined,
    QuarantinedLine,
    Rebuild,
    RemoveEntry,
    RemoveSetting,
    RepairQuarantine,
    RetryQuarantine,
    SetPassword,
    ShowQuarantine,
    TellBackup,
)
from hub.printing import ready_made
from hub.printing.ready_made import NoLabelPrefixError
from provisioning.authority import AuthorityError

T = TypeVar("T")

_decoder: Final = msgspec.json.Decoder(Operation)


class Desk(Protocol):
    """Where an operation is carried out: a running hub, or a command that holds the lock."""

    def call(self, change: Callable[[sa.Connection], T]) -> T:
        """Runs ``change`` in a transaction of the one writer; its result after COMMIT."""

    def rebuild(self) -> None:
        """Drops and refolds all projections."""

    def back_up(self, directory: Path, *, off_machine: bool) -> Backup:
        """Makes a verified backup. Raises `BackupError`."""

    def backing_up(self) -> Progress | None:
        """How far the backup under way is."""

    def import_bundle(self, path: Path) -> Imported:
        """Takes in a bundle. Raises `ImportRefusedError` and OSError."""


def perform(request: bytes, desk: Desk) -> bytes:
    """The result, as JSON, of a request that came through the socket.

    Raises:
        ControlError: it is not understood, or refused; the text is for people.
    """
    try:
        operation = _decoder.decode(request)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ControlError(
            f"中心不认识这个命令，版本是否一致？/ the hub does not know this command;"
            f" is it of the same release? ({error})"
        ) from None
    try:
        result = _carry_out(operation, desk)
    except (
        AccountError,
        AuthorityError,
        BackupError,
        CatalogueError,
        ContactError,
        ImportRefusedError,
        NoLabelPrefixError,
        RealStockError,
        ReleaseRefusedError,
        RepairError,
        StopError,
        TooManyNamesError,
    ) as error:
        raise ControlError(str(error)) from None
    except InvitationRefusedError as error:
        raise ControlError(invitations.TOLD[error.why]) from None
    return msgspec.json.encode(result)


def _carry_out(operation: Operation, desk: Desk) -> Any:
    match operation:
        case Rebuild():
            return desk.rebuild()
        case MakeBackup(directory, off_machine):
            made = desk.back_up(Path(directory), off_machine=off_machine)
            desk.call(lambda connection: _note_backup(connection, made))
            return BackupMade(made.file, made.held.events, made.size, made.apart)
        case TellBackup():
            return desk.backing_up()
        case ImportBundle(path):
            try:
                return desk.import_bundle(Path(path))
            except OSError as error:
                raise ControlError(
                    f"{path}: 中心读不了这个文件 / the hub cannot read this file: {error.strerror}"
                ) from None
        case _:
            now_ms = time.time_ns() // 1_000_000
            return desk.call(lambda connection: change(connection, operation, now_ms))


def _note_backup(connection: sa.Connection, made: Backup) -> None:
    detail = {"events": made.held.events, "bytes": made.size, "apart": made.apart}
    name = Path(made.file).name
    audit.note(connection, audit.COMMAND_LINE, "backup.made", name, detail, made.taken_ms)


def change(connection: sa.Connection, operation: Operation, now_ms: int) -> Any:
    """One transaction's work. Raises `ControlError` and the errors that `perform` turns into it;
    then nothing is changed."""
    match operation:
        case CreateToken(role, label, scope):
            return account_operations.create_token(connection, role, label, scope, now_ms)
        case AddUser(name, password, role, scope):
            return account_operations.add_user(connection, name, password, role, scope, now_ms)
        case SetPassword(name, password):
            return account_operations.set_password(connection, name, password, now_ms)
        case PutEntries(part, entries):
            count = catalogue.put(connection, part, entries)
            reference.require_room(connection, part)
            _note(connection, "reference.put", part, _which(part, entries), now_ms)
            return count
        case RemoveEntry(part, key):
            gone = "" if part in NAMELESS else key
            _note(connection, "reference.removed", part, {"key": gone}, now_ms)
            return catalogue.remove(connection, part, key)
        case ListEntries(part):
            return catalogue.entries(connection, part)
        case PutSetting(stop, name, value):
            _note(connection, "setting.put", name, {"value": value}, now_ms, stop)
            return catalogue.put_setting(connection, stop, name, value)
        case RemoveSetting(stop, name):
            _note(connection, "setting.removed", name, {}, now_ms, stop)
            return catalogue.remove_setting(connection, stop, name)
        case ListSettings():
            return catalogue.chosen(connection)
        case ListUnknownCodes(limit):
            return reference.unknown_codes(connection, limit)
        case DrawLabelPrefix():
            prefix = ready_made.draw_prefix(connection, now_ms)
            _note(connection, "labels.prefix", prefix, {}, now_ms)
            return prefix
        case PutContact(stop, week, holidays, phone):
            return contacts.amend(
                connection, stop, week, holidays, phone, audit.COMMAND_LINE, now_ms
            )
        case KeepRelease(found):
            return releases.keep(connection, found, audit.COMMAND_LINE, now_ms)
        case ListReleases():
            return releases.all_of_them(connection)
        case PutStop(stop):
            return stops.put(connection, stop, audit.COMMAND_LINE, now_ms)
        case ListStops():
            return stops.every(connection)
        case ListAlarms():
            return store.firing(connection)
        case AcknowledgeAlarm(alarm):
            by = audit.COMMAND_LINE
            return acts.acknowledge(connection, alarm, by, now_ms) is not None
        case ListQuarantine(limit):
            return _quarantine(connection, limit)
        case ShowQuarantine(row):
            return _quarantined_line(connection, row)
        case RetryQuarantine():
            understood = quarantine.retry(connection, now_ms)
            _note(connection, "quarantine.retried", "", {"understood": understood}, now_ms)
            return understood
        case EnrolSimulated(names, into_existing):
            _note(connection, "kiosk.simulated", "", {"kiosks": len(names)}, now_ms)
            return enrol_simulated(connection, names, now_ms, into_existing=into_existing)
        case InviteKiosk(stop, replaces, hours):
            return _invite(connection, stop, replaces, hours, now_ms)
        case ListInvitations():
            return invitations.every(connection, now_ms)
        case CancelInvitation(invitation):
            return invitations.cancel(connection, invitation, audit.COMMAND_LINE, now_ms)
        case ConfirmKiosk(invitation, digits, reach):
            return _confirm(connection, invitation, digits, reach, now_ms)
        case RepairQuarantine(row, line):
            _note(connection, "quarantine.repaired", str(row), {}, now_ms)
            return quarantine.repair(connection, row, line.encode(), now_ms)
    raise AssertionError(f"{type(operation).__name__} is no change of the database")


# --- new kiosks --------------------------------------------------------------------------------


def _invite(
    connection: sa.Connection, stop: str, replaces: str, hours: int, now_ms: int
) -> KioskInvited:
    by = audit.COMMAND_LINE
    made = invitations.make(connection, stop, by, now_ms, replaces=replaces, hours=hours)
    names = connection.execute(
        sa.select(db.stop.c.zh, db.stop.c.en).where(db.stop.c.id == stop)
    ).one()
    until = now_ms + hours * invitations.HOUR_MS
    return KioskInvited(made.id, made.code, names.zh, names.en, until)


def _confirm(
    connection: sa.Connection, invitation: str, digits: str, reach: Reach, now_ms: int
) -> KioskAnswer:
    by = audit.COMMAND_LINE
    done = enrolment.confirm(connection, invitation, digits, by, reach, now_ms)
    if isinstance(done, enrolment.WrongDigits):
        return KioskAnswer("", left=done.left)
    return KioskAnswer(done.kiosk, done.retired)


# --- the audit log -----------------------------------------------------------------------------

NAMELESS: Final = frozenset({"capabilities"})
"""Parts whose keys stand for people, which the audit log must not keep."""

MOST_KEYS: Final = 50


def _which(part: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """How many entries were put, and the keys of the first of them."""
    keys = [next(iter(entry.values()), "") for entry in entries[:MOST_KEYS]]
    return {"entries": len(entries)} | ({} if part in NAMELESS else {"keys": keys})


def _note(
    connection: sa.Connection,
    what: str,
    subject: str,
    detail: dict[str, Any],
    now_ms: int,
    stop: str = "",
) -> None:
    audit.note(connection, audit.COMMAND_LINE, what, subject, detail, now_ms, stop=stop)


# --- quarantine --------------------------------------------------------------------------------


def _about(row: Any) -> Quarantined:
    return Quarantined(row.id, row.kiosk, row.epoch, row.seq, row.problem, row.received_ms)


def _quarantine(connection: sa.Connection, limit: int) -> list[Quarantined]:
    rows = connection.execute(
        sa.select(db.event)
        .where(db.event.c.problem.is_not(None))
        .order_by(db.event.c.id.desc())
        .limit(limit)
    )
    return [_about(row) for row in rows]


def _quarantined_line(connection: sa.Connection, row_id: int) -> QuarantinedLine:
    row = connection.execute(
        sa.select(db.event).where(db.event.c.id == row_id, db.event.c.problem.is_not(None))
    ).one_or_none()
    if row is None:
        raise ControlError(f"{row_id}: 隔离区没有这一行 / no such line is in quarantine")
    return QuarantinedLine(_about(row), row.raw.decode("utf-8", "backslashreplace"))
