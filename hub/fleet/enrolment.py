"""A kiosk that was invited comes, and a person confirms that it is the one that stands there.

Rules
-----
* The hub believes the code (which the kiosk scanned) and the key (which signed the request), and
  nothing else. The first key that comes with a code has it; the same key again gets the same
  answer, every other one is refused and makes an incident.
* Each refusal is its own word (`contract.enrolling.Refusal`) and is written down, never with the
  code. Refused requests are counted against their address and all together, and what comes sooner
  than that allows is not looked at, so that nobody can fill the disk from outside; a kiosk whose
  code is good is never slowed down.
* Until somebody has typed the six digits, nothing that the hub gave is worth anything: the broker
  does not know the account, no certificate is signed, and the key is not published.
* After `MAX_TRIES` wrong digits the invitation is over and its kiosk's account is forbidden.
* All functions here do their part of one transaction of the writer, of which there is never more
  than one at a time; what they refuse is a value where something must be kept of the refusal, and
  an error where nothing is.
"""

import hmac
import unicodedata
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contract import enrolling, receipts
from contract.enrolling import MAX_TRIES, Enrolled, EnrolmentRequest, Refusal
from contract.enrolment import SPARE_PREFIXES
from contract.reference import StopSettings
from hub import db, incidents
from hub.access import attempts, audit
from hub.access.audit import By
from hub.fleet import invitations, lifecycle
from hub.fleet.invitations import BY_DIGITS, InvitationRefusedError, Invited, State
from hub.fleet.lifecycle import LifecycleError
from hub.fleet.reachable import Reach
from hub.incidents import Trouble
from hub.kiosks import broker_accounts
from hub.queries import places
from provisioning.authority import serial_of
from provisioning.identity import draw_prefixes
from provisioning.mosquitto import BrokerFileError, require_verifier

REPLAYED: Final = "enrolment-replayed"
FOREIGN: Final = "enrolment-unknown"
"""Kinds of incidents: a code that came again with another key, and codes of nobody's here."""

_THROTTLE: Final = "kiosk enrolment"
"""The name under which `hub.access.attempts` counts what was refused."""
_T: Final = db.enrolment.c
_DECISIVE: Final = {State.EXPIRED: Refusal.EXPIRED, State.CANCELLED: Refusal.CANCELLED}


class Refused(Struct, frozen=True):
    """No; ``wait_ms`` is how long whoever asks has to wait before asking anything (TOO_MANY)."""

    why: Refusal
    wait_ms: int = 0


class Confirmed(Struct, frozen=True):
    """The kiosk belongs to the hub; ``retired`` is the one whose place it took, or ""."""

    kiosk: str
    retired: str


class WrongDigits(Struct, frozen=True):
    """These were not the digits; ``left`` tries are left, none: the invitation is over."""

    left: int


# --- the kiosk's side -----------------------------------------------------------------------------


def refuse(
    connection: Connection,
    why: Refusal,
    address: str,
    now_ms: int,
    *,
    invitation: str = "",
    stop: str = "",
) -> Refused:
    """Count a request against its address, and write its refusal down unless it came too soon."""
    wait_ms = attempts.take(connection, _THROTTLE, address, now_ms)
    if wait_ms:
        return Refused(Refusal.TOO_MANY, wait_ms)
    detail = {"why": why.value}
    audit.note(connection, audit.KIOSK, "enrolment.refused", invitation, detail, now_ms, stop=stop)
    return Refused(why)


def enrol(
    connection: Connection, request: EnrolmentRequest, reach: Reach, address: str, now_ms: int
) -> Enrolled | Refused:
    """The answer to a request whose signature was found good; the caller commits either way.

    ``address`` is that of the network, for `hub.access.attempts`.
    """
    row = _row(connection, request.code)
    if row is None:
        refused = refuse(connection, Refusal.UNKNOWN, address, now_ms)
        if refused.why is Refusal.UNKNOWN:
            incidents.note(connection, Trouble(FOREIGN, FOREIGN, "", "", {}, 1), now_ms)
        return refused
    found = invitations.read(row, now_ms)
    why = _why_not(row, found, request)
    if why is None and _has_ended(connection, found):
        why = Refusal.CANCELLED
    if why is None and row.public_key is None:
        found = _accept(connection, found, request, now_ms)
    elif why is None and found.state is State.ENROLLED:
        _renew(connection, row, request)
    if why is not None:
        return _refused(connection, found, why, address, now_ms)
    return _answer(connection, found, row.certificate or "", reach, now_ms)


def _row(connection: Connection, code: str) -> Any:
    digest = enrolling.code_hash(code)
    return connection.execute(sa.select(db.enrolment).where(_T.code_hash == digest)).first()


def _has_ended(connection: Connection, found: Invited) -> bool:
    """Whether the kiosk that came by it was retired or revoked since."""
    end = lifecycle.ended(connection, found.kiosk) if found.kiosk else None
    return end is not None and end.ended


def _why_not(row: Any, found: Invited, request: EnrolmentRequest) -> Refusal | None:
    same = row.public_key is not None and hmac.compare_digest(row.public_key, request.public_key)
    if row.public_key is not None and not same:
        return Refusal.USED
    if found.state in _DECISIVE:
        return _DECISIVE[found.state]
    try:
        require_verifier(request.verifier)
    except BrokerFileError:
        return Refusal.BAD_REQUEST
    if found.state is State.CONFIRMED and row.verifier != request.verifier:
        return Refusal.USED  # its account has another password by now
    return None


def _refused(
    connection: Connection, found: Invited, why: Refusal, address: str, now_ms: int
) -> Refused:
    refused = refuse(connection, why, address, now_ms, invitation=found.id, stop=found.stop)
    if refused.why is Refusal.USED:
        key = f"{REPLAYED}:{found.id}"
        trouble = Trouble(key, REPLAYED, found.id, found.kiosk, {"stop": found.stop}, 1)
        incidents.note(connection, trouble, now_ms)
    return refused


def _accept(
    connection: Connection, found: Invited, request: EnrolmentRequest, now_ms: int
) -> Invited:
    """The first key that comes with the code: it gets an id and prefixes."""
    kiosk = _new_kiosk(connection, found.stop, now_ms)
    draw_prefixes(connection, kiosk, SPARE_PREFIXES, now_ms)
    connection.execute(
        sa.update(db.enrolment)
        .where(_T.id == found.id)
        .values(
            enrolled_ms=now_ms,
            kiosk=kiosk,
            public_key=request.public_key,
            verifier=request.verifier,
            csr=request.csr,
            digits=enrolling.digits(request.public_key, request.code),
            software=request.software,
            serial=request.serial,
        )
    )
    detail = {"kiosk": kiosk, "software": request.software}
    audit.note(
        connection, audit.KIOSK, "enrolment.enrolled", found.id, detail, now_ms, stop=found.stop
    )
    made = invitations.one(connection, found.id, now_ms)
    assert made is not None
    return made


def _renew(connection: Connection, row: Any, request: EnrolmentRequest) -> None:
    """A kiosk that lost its password before anybody confirmed it has drawn another."""
    if (row.verifier, row.csr) != (request.verifier, request.csr):
        connection.execute(
            sa.update(db.enrolment)
            .where(_T.id == row.id)
            .values(verifier=request.verifier, csr=request.csr)
        )


def _new_kiosk(connection: Connection, stop: str, now_ms: int) -> str:
    """A kiosk of ``stop`` with the next free number, which no other ever had."""
    stem = f"{stop[:24].strip('-') or 'stop'}-k"
    taken = set(connection.scalars(sa.select(db.kiosk.c.id).where(db.kiosk.c.id.startswith(stem))))
    # A kiosk that only ever sent, unregistered, keeps its name too.
    taken |= set(
        connection.scalars(
            sa.select(db.kiosk_state.c.kiosk).where(db.kiosk_state.c.kiosk.startswith(stem))
        )
    )
    # Nor is the id given again of one that came after the backup that the hub was restored from.
    taken |= set(
        connection.scalars(
            sa.select(db.broker_account.c.kiosk).where(db.broker_account.c.kiosk.startswith(stem))
        )
    )
    numbers = [int(rest) for rest in (one.removeprefix(stem) for one in taken) if rest.isdigit()]
    kiosk = f"{stem}{max(numbers, default=0) + 1}"
    connection.execute(sa.insert(db.kiosk).values(id=kiosk, stop=stop, created_ms=now_ms))
    return kiosk


def _answer(
    connection: Connection, found: Invited, certificate: str, reach: Reach, now_ms: int
) -> Enrolled:
    stop = places.stops(connection)[found.stop]
    prefixes = connection.scalars(
        sa.select(db.prefix.c.prefix)
        .where(db.prefix.c.kiosk == found.kiosk)
        .order_by(db.prefix.c.prefix)
    )
    return Enrolled(
        kiosk=found.kiosk,
        stop=stop.id,
        stop_zh=stop.zh,
        stop_en=stop.en,
        hub_url=reach.url,
        mqtt_host=reach.mqtt_host,
        mqtt_port=reach.mqtt_port,
        mqtt_ca=reach.mqtt_ca,
        prefixes=tuple(prefixes),
        confirmed=found.state is State.CONFIRMED,
        hub_time=now_ms,
        certificate=certificate,
        bundle_key=reach.bundle_key,
        language="en" if _language(connection, found.stop) == "en" else "zh",
        timezone=reach.timezone,
    )


def _language(connection: Connection, stop: str) -> str:
    """What was chosen for this stop, or for all."""
    table = db.setting.c
    rows = connection.execute(
        sa.select(table.stop, table.value).where(
            table.name == "language", table.stop.in_(["", stop])
        )
    )
    chosen = {row.stop: msgspec.json.decode(row.value) for row in rows}
    return str(chosen.get(stop) or chosen.get("") or StopSettings().language)


# --- the person's side ----------------------------------------------------------------------------


def confirm(
    connection: Connection, invitation: str, digits: str, by: By, reach: Reach, now_ms: int
) -> Confirmed | WrongDigits:
    """Somebody typed the digits that the kiosk printed; the caller commits either way.

    Raises:
        InvitationRefusedError: ``unknown``, ``over`` or ``not-yet``.
        provisioning.authority.AuthorityError: its certificate could not be signed.
    """
    found = invitations.one(connection, invitation, now_ms)
    if found is None:
        raise InvitationRefusedError("unknown")
    if found.state is State.WAITING:
        raise InvitationRefusedError("not-yet")
    if found.state is not State.ENROLLED or _has_ended(connection, found):
        raise InvitationRefusedError("over")
    row = connection.execute(sa.select(db.enrolment).where(_T.id == found.id)).one()
    if not hmac.compare_digest(row.digits, typed(digits)):
        return _wrong(connection, found, by, now_ms)
    return _open(connection, found, row, by, reach, now_ms)


def typed(text: str) -> str:
    """Six digits as somebody typed them: full-width ones and spaces in between do not matter."""
    folded = unicodedata.normalize("NFKC", text[:40])
    return "".join(char for char in folded if char.isascii() and char.isdigit())


def _wrong(connection: Connection, found: Invited, by: By, now_ms: int) -> WrongDigits:
    tries = found.tries + 1
    connection.execute(sa.update(db.enrolment).where(_T.id == found.id).values(tries=tries))
    left = MAX_TRIES - tries
    detail = {"left": left}
    audit.note(connection, by, "enrolment.wrong-digits", found.id, detail, now_ms, stop=found.stop)
    if left <= 0:
        invitations.end(connection, found, BY_DIGITS, by, now_ms)
    return WrongDigits(max(left, 0))


def _open(
    connection: Connection, found: Invited, row: Any, by: By, reach: Reach, now_ms: int
) -> Confirmed:
    certificate = reach.certificate(row.csr or "", found.kiosk)
    serial = serial_of(certificate.encode()) if certificate else None
    broker_accounts.allow(connection, found.kiosk, row.verifier, now_ms, serial=serial)
    _publish_key(connection, found.kiosk, row.public_key, now_ms)
    connection.execute(
        sa.update(db.enrolment)
        .where(_T.id == found.id)
        .values(confirmed_ms=now_ms, confirmed_by=by.account, certificate=certificate)
    )
    detail = {"kiosk": found.kiosk, "replaces": found.replaces}
    audit.note(connection, by, "enrolment.confirmed", found.id, detail, now_ms, stop=found.stop)
    retired = ""
    if found.replaces:
        retired = _retire(connection, found, by, now_ms)
    return Confirmed(found.kiosk, retired)


def _publish_key(connection: Connection, kiosk: str, public_key: str, now_ms: int) -> None:
    raw = enrolling.raw_key(public_key)
    connection.execute(
        sa.insert(db.kiosk_key).values(
            kiosk=kiosk,
            key_id=receipts.key_id(raw),
            public_key=receipts.key_text(raw),
            created_ms=now_ms,
        )
    )


def _retire(connection: Connection, found: Invited, by: By, now_ms: int) -> str:
    """The old kiosk, which is broken or gone: what it has not sent counts whenever it turns up."""
    try:
        lifecycle.retire(
            connection,
            found.replaces,
            "replaced",
            by,
            now_ms,
            anyway=True,
            replaced_by=found.kiosk,
        )
    except LifecycleError as error:
        if error.why not in ("retired", "revoked"):  # somebody ended it meanwhile
            raise
        return ""
    return found.replaces
