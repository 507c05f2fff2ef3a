"""Setting up, decided. Pure: ``(state, input) -> (state, effects)``.

Rules
-----
* The way is: network, the hub's code, key and password, the hub's authority, its answer, a ticket.
  A person is asked for the first of these that is missing, but may scan in any order: whoever scans
  the hub's code first is asked for a network only if the hub cannot be reached.
* Key and password are **on disk before the first request** that names them. The same code with the
  same key is answered the same, so that an answer which was lost costs nothing: after a power cut
  the request is simply made again.
* What failed by itself (no network, a hub that is busy, somebody else who answers in the place of
  the hub that was believed before) is tried again by itself, and told once.
  What a person must change (a code that is wrong, expired, used, cancelled, or of another hub) is
  forgotten, told in its own words, and waited for.
* Effects are performed in order. `Keep` comes before everything that would be a lie without it.
* Only this module decides; what it says is a key of `kiosk.setup.words`, what it does is a value.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from contract.enrolling import (
    EMPTY,
    Assembly,
    Enrolled,
    Invitation,
    InvitationError,
    InvitationProblem,
    Refusal,
    assembled,
    digits,
    encode,
    parse,
    take,
)
from kiosk.setup.wifi import Wifi, WifiCodeError, is_wifi_code, parse_wifi

RETRY_MS: Final = (3_000, 5_000, 10_000, 30_000)
"""How long after each failure in a row it is tried again; the last one from then on."""
BUSY_MS: Final = 30_000
"""How long a hub that has too much to do is left alone."""


# --- what is kept -------------------------------------------------------------------------------


class Keys(Struct, frozen=True):
    """What only this kiosk has, and what it tells of it.

    ``signing_key`` is Ed25519 in hex and ``public_key`` its other half (`contract.receipts`),
    ``password`` is for the broker and ``verifier`` what the hub gets of it, ``client_key`` and
    ``csr`` (PEM, P-256) are for brokers that want a certificate.
    """

    signing_key: str
    public_key: str
    password: str
    verifier: str
    client_key: str = ""
    csr: str = ""

    def __repr__(self) -> str:
        return "Keys()"


class Progress(Struct, frozen=True, omit_defaults=True):
    """What survives a power cut. ``invitation`` is its text, ``authority`` the certificate (PEM)
    behind the hub's, believed by the invitation's pin."""

    parts: Assembly = EMPTY
    invitation: str = ""
    keys: Keys | None = None
    authority: str = ""
    enrolled: Enrolled | None = None
    settled: bool = False
    """The kiosk's settings are written: what is left is its first scan."""
    anew: str = ""
    """The kiosk that this machine was before, whose enrolment came to nothing (`kiosk.setup.anew`).
    """

    def __repr__(self) -> str:
        return f"Progress(settled={self.settled})"

    @property
    def digits(self) -> str:
        """The six digits of this kiosk and this code; "" before there are any."""
        if self.keys is None or not self.invitation:
            return ""
        return digits(self.keys.public_key, parse(self.invitation).code)


class State(Struct, frozen=True):
    """``doing`` is what is under way, ``told`` the last word about it, ``failures`` counts those in
    a row, ``retry_at`` is in the milliseconds of the inputs' ``now``."""

    progress: Progress = Progress()
    online: bool = False
    doing: Literal["", "join", "keys", "trust", "enrol", "ticket", "settle"] = ""
    told: str = ""
    failures: int = 0
    retry_at: int | None = None


# --- inputs -------------------------------------------------------------------------------------

Problem: TypeAlias = Literal["unreachable", "foreign", "hub-error"] | Refusal
JoinOutcome: TypeAlias = Literal[
    "joined", "wrong-password", "not-found", "no-radio", "forbidden", "failed"
]
"""The values of `kiosk.setup.network.Joined`."""


class Begun(Struct, frozen=True):
    """The process has started; ``brought`` is an invitation that the card brought along."""

    online: bool
    brought: str = ""


class Read(Struct, frozen=True):
    """A scan. Its ``repr`` keeps the text to itself: it is a password or a one-time code."""

    text: str

    def __repr__(self) -> str:
        return f"Read(length={len(self.text)})"


class NetworkSeen(Struct, frozen=True):
    """A way out has come, or gone."""

    online: bool


class JoinEnded(Struct, frozen=True):
    outcome: JoinOutcome


class KeysMade(Struct, frozen=True):
    keys: Keys


class AuthoritySeen(Struct, frozen=True):
    """The certificate (PEM) that bears the pin of this ``code``'s invitation."""

    code: str
    authority: str


class Answered(Struct, frozen=True):
    code: str
    enrolled: Enrolled


class Failed(Struct, frozen=True):
    code: str
    problem: Problem


class TicketEnded(Struct, frozen=True):
    """The ticket came out, or nobody is left to wait for."""


class Time(Struct, frozen=True):
    """Time has passed, and nothing else."""


Input: TypeAlias = (
    Begun
    | Read
    | NetworkSeen
    | JoinEnded
    | KeysMade
    | AuthoritySeen
    | Answered
    | Failed
    | TicketEnded
    | Time
)

# --- effects ------------------------------------------------------------------------------------


class Tell(Struct, frozen=True):
    """Says it by voice, light, page and slip; ``have`` of ``of`` parts where it is about parts."""

    key: str
    have: int = 0
    of: int = 0


class Keep(Struct, frozen=True):
    progress: Progress


class Join(Struct, frozen=True):
    wifi: Wifi


class MakeKeys(Struct, frozen=True):
    pass


class FetchAuthority(Struct, frozen=True):
    invitation: Invitation


class Enrol(Struct, frozen=True):
    invitation: Invitation
    authority: str
    keys: Keys


class PrintTicket(Struct, frozen=True):
    enrolled: Enrolled
    digits: str


class Settle(Struct, frozen=True):
    """Writes identity and settings; the kiosk then runs as any other."""

    progress: Progress


Effect: TypeAlias = Tell | Keep | Join | MakeKeys | FetchAuthority | Enrol | PrintTicket | Settle
Turn: TypeAlias = tuple[State, tuple[Effect, ...]]

_JOINED: Final[dict[JoinOutcome, str]] = {
    "joined": "wifi-joined",
    "wrong-password": "wifi-password",
    "not-found": "wifi-not-found",
    "no-radio": "wifi-no-radio",
    "forbidden": "wifi-forbidden",
    "failed": "wifi-failed",
}
_UNREAD: Final[dict[InvitationProblem, str]] = {
    InvitationProblem.DAMAGED: "code-damaged",
    InvitationProblem.VERSION: "code-later",
    InvitationProblem.NOT_ONE: "not-yet",
}
_OVER: Final[dict[Problem, str]] = {
    "foreign": "hub-foreign",
    Refusal.UNKNOWN: "code-unknown",
    Refusal.EXPIRED: "code-expired",
    Refusal.USED: "code-used",
    Refusal.CANCELLED: "code-cancelled",
}
"""What a person must change; everything else is tried again."""
_AGAIN: Final[dict[Problem, str]] = {
    "unreachable": "hub-unreachable",
    Refusal.TOO_MANY: "hub-busy",
}


def step(state: State, incoming: Input, now: int) -> Turn:
    """What follows from an input at ``now`` (monotonic milliseconds)."""
    match incoming:
        case Begun():
            return _begin(replace(state, online=incoming.online), incoming.brought)
        case Read(text):
            return _read(state, text)
        case NetworkSeen(online):
            return _network(replace(state, online=online))
        case JoinEnded(outcome):
            return _joined(state, outcome)
        case KeysMade(keys):
            return _keys(state, keys)
        case AuthoritySeen() | Answered() | Failed():
            return _heard(state, incoming, now)
        case TicketEnded():
            if state.doing != "ticket":
                return state, ()
            settled = replace(state.progress, settled=True)
            return replace(state, doing="settle"), (Settle(settled),)
        case Time():
            if state.retry_at is None or now < state.retry_at:
                return state, ()
            return _onward(state)


def _begin(state: State, brought: str) -> Turn:
    if brought and not state.progress.invitation:
        try:
            return _invited(state, parse(brought))
        except InvitationError as error:
            return _say(state, _UNREAD[error.problem])
    return _onward(state)


def _onward(state: State) -> Turn:
    """Does, or asks for, the first thing that is missing."""
    progress, quiet = state.progress, replace(state, retry_at=None)
    if progress.enrolled is not None:
        ticket = PrintTicket(progress.enrolled, progress.digits)
        return replace(quiet, doing="ticket", told="enrolled"), (Tell("enrolled"), ticket)
    if not progress.invitation:
        asked = "ask-hub" if state.online else "ask-wifi"
        return replace(quiet, doing="", told=asked), (Tell(asked),)
    if progress.keys is None:
        return replace(quiet, doing="keys"), (MakeKeys(),)
    invitation = parse(progress.invitation)
    if not progress.authority:
        return replace(quiet, doing="trust"), (FetchAuthority(invitation),)
    return (
        replace(quiet, doing="enrol"),
        (Enrol(invitation, progress.authority, progress.keys),),
    )


def _say(state: State, key: str, *before: Effect, have: int = 0, of: int = 0) -> Turn:
    return replace(state, told=key), (*before, Tell(key, have, of))


def _read(state: State, text: str) -> Turn:
    if state.progress.enrolled is not None:
        return state, (Tell("enrolled"),)  # the ticket is on its way
    if is_wifi_code(text):
        return _wifi(state, text)
    try:
        return _code(state, text)
    except InvitationError as error:
        return state, (Tell(_UNREAD[error.problem]),)


def _wifi(state: State, text: str) -> Turn:
    try:
        wifi = parse_wifi(text)
    except WifiCodeError as error:
        return state, (Tell(f"wifi-{error.problem}"),)
    if state.doing == "join":
        return state, (Tell("busy"),)
    joining = replace(state, doing="join", retry_at=None)
    return _say(joining, "joining")[0], (Tell("joining"), Join(wifi))


def _code(state: State, text: str) -> Turn:
    """Raises InvitationError for what is neither an invitation nor a part of one."""
    try:
        return _invited(state, parse(text))
    except InvitationError as error:
        if error.problem is not InvitationProblem.NOT_ONE:
            raise
    parts = take(state.progress.parts, text)
    try:
        whole = assembled(parts)
    except InvitationError:
        cleared = replace(state.progress, parts=EMPTY)
        return _say(replace(state, progress=cleared), "code-damaged", Keep(cleared))
    if whole is not None:
        return _invited(state, whole)
    progress = replace(state.progress, parts=parts)
    of = len(parts.parts)
    have = of - len(parts.missing)
    return _say(replace(state, progress=progress), "part", Keep(progress), have=have, of=of)


def _invited(state: State, invitation: Invitation) -> Turn:
    text = encode(invitation)
    if text == state.progress.invitation:
        if state.doing:
            return state, (Tell("busy"),)
        state, effects = _onward(replace(state, told="working"))
        return state, (Tell("working"), *effects)
    progress = Progress(invitation=text)
    joining = state.doing == "join"
    state = replace(state, progress=progress, told="working", failures=0, retry_at=None)
    before = (Keep(progress), Tell("working"))
    if joining:
        return state, before
    state, effects = _onward(state)
    return state, (*before, *effects)


def _network(state: State) -> Turn:
    if state.doing:
        return state, ()
    if not state.progress.invitation:
        offline = state.told == "ask-wifi" or state.told.startswith("wifi-")
        changed = offline if state.online else state.told in ("ask-hub", "wifi-joined")
        return _onward(state) if changed and state.told != "wifi-joined" else (state, ())
    return _onward(state) if state.online else (state, ())


def _joined(state: State, outcome: JoinOutcome) -> Turn:
    if state.doing != "join":
        return state, ()
    state, told = _say(replace(state, doing=""), _JOINED[outcome])
    if outcome != "joined":
        if state.progress.invitation:
            # A cable may be there all the same: the hub's code is not given up for a Wi-Fi.
            state, effects = _onward(state)
            return state, (*told, *effects)
        return state, told
    state = replace(state, online=True, failures=0)
    if not state.progress.invitation:
        return state, told  # its words ask for the hub's code
    state, effects = _onward(state)
    return state, (*told, *effects)


def _keys(state: State, keys: Keys) -> Turn:
    if state.doing != "keys" or state.progress.keys is not None:
        return state, ()
    progress = replace(state.progress, keys=keys)
    state, effects = _onward(replace(state, progress=progress))
    return state, (Keep(progress), *effects)


def _heard(state: State, incoming: AuthoritySeen | Answered | Failed, now: int) -> Turn:
    """From the hub, or about it. What is about another code than the one that holds is over."""
    progress = state.progress
    if not progress.invitation or parse(progress.invitation).code != incoming.code:
        return state, ()
    idle = replace(state, doing="" if state.doing in ("trust", "enrol") else state.doing)
    match incoming:
        case AuthoritySeen(authority=authority):
            if state.doing != "trust":
                return state, ()
            progress = replace(progress, authority=authority)
            state, effects = _onward(replace(idle, progress=progress, failures=0))
            return state, (Keep(progress), *effects)
        case Answered(enrolled=enrolled):
            if progress.enrolled is not None:
                return state, ()
            progress = replace(progress, enrolled=enrolled)
            state, effects = _onward(replace(idle, progress=progress, failures=0))
            return state, (Keep(progress), *effects)
        case Failed(problem=problem):
            return _failed(idle, problem, now)


def _failed(state: State, problem: Problem, now: int) -> Turn:
    if problem == "foreign" and state.progress.authority:
        # The hub that was believed by the pin may have taken code and key by now: a stranger in
        # between (a Wi-Fi's sign-in page) must not have us forget the one key that it takes.
        problem = "unreachable"
    if problem in _OVER:
        progress = Progress()
        over = replace(state, progress=progress, failures=0, retry_at=None)
        return _say(over, _OVER[problem], Keep(progress))
    key = _AGAIN.get(problem, "hub-error")
    if key == "hub-unreachable" and not state.online:
        key = "no-network"
    wait = RETRY_MS[min(state.failures, len(RETRY_MS) - 1)]
    if problem is Refusal.TOO_MANY:
        wait = BUSY_MS
    later = replace(state, failures=state.failures + 1, retry_at=now + wait)
    return (later, ()) if state.told == key else _say(later, key)
