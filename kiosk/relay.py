"""The relay: brings the journal to the hub, and believes nobody but the hub. Pure.

Rules
-----
* Only the hub's `Welcome` and `Ack` move ``acked``; a PUBACK is no receipt and is ignored.
* On every connection, when the hub's incarnation changes, and every ten minutes a `Hello` goes
  out under a fresh nonce. Nothing is sent before its Welcome, and nothing while the hub is away.
* ``acked`` may fall only in the Welcome that answers the newest nonce: then the hub's database
  was replaced by an older one, and what it lacks is sent again. Otherwise the maximum holds, so
  that a late acknowledgement changes nothing.
* An acknowledgement whose hash is not our own is none: that epoch is disputed, its tail stays,
  somebody is told, and new events go on in a new epoch.
* A small window: at most `WINDOW` events without acknowledgement are under way, oldest epoch
  first. On silence they are sent again, after a wait that doubles and is jittered, so that a
  hub that comes back is not trampled by every kiosk at once.
* When many resends, or hellos, bring nothing although the broker says connected, the connection
  itself is suspected and made anew.

Time, nonce and jitter are inputs. Sequence numbers and hashes of the journal come in as facts.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from msgspec import Struct, structs

from contract.messages import HELLO_INTERVAL_S, Ack, HubStatus, Welcome

WINDOW: Final = 400
"""Events under way without acknowledgement, over all epochs."""
BATCH: Final = 100
"""Most events in one batch; their bytes are limited by the contract as well."""
SILENCE_MS: Final = 4_000
"""First wait for an acknowledgement before sending again."""
MAX_SILENCE_MS: Final = 60_000
STALLED_RESENDS: Final = 6
"""Resends, or hellos, in a row without any answer after which the connection is made anew."""


class StreamFacts(Struct, frozen=True):
    """An epoch of the journal: its newest seq, what is acknowledged and safe."""

    epoch: str
    head: int
    acked: int
    safe: int
    disputed: bool = False


class Now(Struct, frozen=True):
    """What every input brings along: monotonic milliseconds, a fresh nonce, jitter 0 to 1."""

    mono: int
    nonce: str
    jitter: float


class RelayState(Struct, frozen=True):
    """``sent``: highest seq under way by epoch; ``nonce``: of the newest hello until it is
    answered, so that the same answer again, which is older than the acks after it, is none."""

    connected: bool = False
    hub_online: bool = False
    incarnation: str = ""
    nonce: str | None = None
    welcomed: bool = False
    hello_due: int | None = None
    sent: Mapping[str, int] = {}
    resend_due: int | None = None
    silence_ms: int = SILENCE_MS
    resends: int = 0


class Connected(Struct, frozen=True):
    """The broker took us in."""


class Disconnected(Struct, frozen=True):
    """The broker is gone."""


class HubStatusSeen(Struct, frozen=True):
    """The hub's retained status or its will."""

    status: HubStatus


class Welcomed(Struct, frozen=True):
    """A welcome, with our own hashes at the positions that it names (None: not here)."""

    welcome: Welcome
    own: Mapping[str, str | None]


class Acked(Struct, frozen=True):
    """An ack, with our own hash at its position (None: not here)."""

    ack: Ack
    own: str | None


class Appended(Struct, frozen=True):
    """The journal grew."""


class Tick(Struct, frozen=True):
    """Time passed."""


RelayInput: TypeAlias = (
    Connected | Disconnected | HubStatusSeen | Welcomed | Acked | Appended | Tick
)


class SayHello(Struct, frozen=True):
    """Publish a hello with this nonce."""

    nonce: str


class SendFrom(Struct, frozen=True):
    """Publish the events of ``epoch`` from ``first`` through ``last`` in batches."""

    epoch: str
    first: int
    last: int


class Store(Struct, frozen=True):
    """Remember (acked, safe) of these epochs."""

    positions: dict[str, tuple[int, int]]


class Dispute(Struct, frozen=True):
    """The hub's hash at ``seq`` is not ours."""

    epoch: str
    seq: int


class LearnTime(Struct, frozen=True):
    """The hub said what time it is, in Unix milliseconds."""

    hub_time: int


class FetchReference(Struct, frozen=True):
    """The hub's manifest of reference data, from a welcome or its status."""

    manifest: dict[str, str]


class Reconnect(Struct, frozen=True):
    """Leave the broker and connect anew."""


RelayEffect: TypeAlias = (
    SayHello | SendFrom | Store | Dispute | LearnTime | FetchReference | Reconnect
)
Result: TypeAlias = tuple[RelayState, list[RelayEffect]]


def step(
    state: RelayState, incoming: RelayInput, streams: Mapping[str, StreamFacts], now: Now
) -> Result:
    """The state after this input, and what is to be done.

    ``streams`` are the journal's epochs, oldest first, as they are before the effects.
    """
    match incoming:
        case Connected():
            return _hello(structs.replace(RelayState(), connected=True), now)
        case Disconnected():
            return RelayState(), []
        case HubStatusSeen(status):
            return _on_hub_status(state, status, now)
        case Welcomed(welcome, own):
            return _on_welcome(state, welcome, own, streams, now)
        case Acked(ack, own):
            return _on_ack(state, ack, own, streams, now)
        case Appended():
            return _fill(state, streams, now)
        case Tick():
            return _on_tick(state, streams, now)


def next_deadline(state: RelayState) -> int | None:
    """When `Tick` has something to do, in monotonic milliseconds."""
    if not state.connected:
        return None
    due = [moment for moment in (state.hello_due, state.resend_due) if moment is not None]
    return min(due, default=None)


def _hello(state: RelayState, now: Now) -> Result:
    """A fresh hello. Until it is answered it is repeated like any silence."""
    state = structs.replace(
        state,
        nonce=now.nonce,
        welcomed=False,
        hello_due=now.mono + _jittered(state.silence_ms, now),
        silence_ms=min(state.silence_ms * 2, MAX_SILENCE_MS),
        sent={},
        resend_due=None,
    )
    return state, [SayHello(now.nonce)]


def _jittered(wait_ms: int, now: Now) -> int:
    return int(wait_ms * (0.75 + 0.5 * now.jitter))


def _on_hub_status(state: RelayState, status: HubStatus, now: Now) -> Result:
    if not state.connected:
        return state, []
    if not status.online:
        return structs.replace(
            state, hub_online=False, welcomed=False, sent={}, resend_due=None
        ), []
    news = not state.hub_online or status.incarnation != state.incarnation
    state = structs.replace(state, hub_online=True, incarnation=status.incarnation)
    offered: list[RelayEffect] = [FetchReference(status.manifest)] if status.manifest else []
    if not news:
        return state, offered
    state, hello = _hello(structs.replace(state, silence_ms=SILENCE_MS, resends=0), now)
    return state, [*offered, *hello]


def _on_welcome(
    state: RelayState,
    welcome: Welcome,
    own: Mapping[str, str | None],
    streams: Mapping[str, StreamFacts],
    now: Now,
) -> Result:
    if welcome.nonce != state.nonce:
        return state, []  # an answer to an older hello: it may be older than its acks
    effects: list[RelayEffect] = []
    positions: dict[str, tuple[int, int]] = {}
    told = {position.epoch: position for position in welcome.epochs}
    after = dict(streams)
    for epoch, stream in streams.items():
        position = told.get(epoch)
        if position is None or stream.disputed:
            continue  # the hello did not name it (the hub answers about all that it names)
        if _contradicts(position.through, position.hash, stream, own.get(epoch)):
            effects.append(Dispute(epoch, position.through))
            after[epoch] = structs.replace(stream, disputed=True)
            continue
        acked = min(position.through, stream.head)
        positions[epoch] = (acked, position.safe)
        after[epoch] = structs.replace(stream, acked=acked, safe=position.safe)
    # The time has what is old and safe dropped: by this hub's word, not by what one before it held.
    effects += [
        Store(positions),
        LearnTime(welcome.hub_time),
        FetchReference(welcome.manifest),
    ]
    state = structs.replace(
        state,
        nonce=None,
        welcomed=True,
        hub_online=True,
        hello_due=now.mono + _jittered(HELLO_INTERVAL_S * 1000, now),
        silence_ms=SILENCE_MS,
        resends=0,
        sent={},
        resend_due=None,
    )
    state, more = _fill(state, after, now)
    return state, [*effects, *more]


def _contradicts(through: int, hash_there: str, stream: StreamFacts, own: str | None) -> bool:
    """Whether the hub's word about ``through`` cannot be about our story.

    A position beyond our head is another story as well (a journal restored from an old copy
    keeps its epochs, and the hub knows more of them). One that we have pruned (own is None)
    cannot be compared and was compared before.
    """
    if through == 0:
        return False
    if through > stream.head:
        return True
    return own is not None and own != hash_there


def _on_ack(
    state: RelayState,
    ack: Ack,
    own: str | None,
    streams: Mapping[str, StreamFacts],
    now: Now,
) -> Result:
    stream = streams.get(ack.epoch)
    if stream is None or stream.disputed or ack.through <= stream.acked:
        return state, []
    if _contradicts(ack.through, ack.hash, stream, own):
        return state, [Dispute(ack.epoch, ack.through)]
    after = {**streams, ack.epoch: structs.replace(stream, acked=ack.through)}
    state = structs.replace(state, silence_ms=SILENCE_MS, resends=0)
    state = structs.replace(
        state, resend_due=_resend_due(state, now) if _under_way(state, after) else None
    )
    state, more = _fill(state, after, now)
    return state, [Store({ack.epoch: (ack.through, stream.safe)}), *more]


def _under_way(state: RelayState, streams: Mapping[str, StreamFacts]) -> int:
    return sum(
        max(0, sent - streams[epoch].acked)
        for epoch, sent in state.sent.items()
        if epoch in streams and not streams[epoch].disputed
    )


def _resend_due(state: RelayState, now: Now) -> int:
    return now.mono + _jittered(state.silence_ms, now)


def _fill(state: RelayState, streams: Mapping[str, StreamFacts], now: Now) -> Result:
    """Sends what fits into the window, oldest epoch first."""
    if not (state.connected and state.hub_online and state.welcomed):
        return state, []
    room = WINDOW - _under_way(state, streams)
    sent = dict(state.sent)
    effects: list[RelayEffect] = []
    for epoch, stream in streams.items():
        if room <= 0:
            break
        start = max(sent.get(epoch, 0), stream.acked)
        if stream.disputed or start >= stream.head:
            continue
        last = min(stream.head, start + room)
        effects.append(SendFrom(epoch, start + 1, last))
        sent[epoch] = last
        room -= last - start
    if not effects:
        return state, []
    state = structs.replace(state, sent=sent)
    if state.resend_due is None:
        state = structs.replace(state, resend_due=_resend_due(state, now))
    return state, effects


def _hello_again(state: RelayState, now: Now) -> Result:
    if state.nonce is None:
        return _hello(state, now)
    if state.resends + 1 >= STALLED_RESENDS:
        again = now.mono + _jittered(MAX_SILENCE_MS, now)  # should the connection stay as it is
        return structs.replace(state, resends=0, hello_due=again, resend_due=None), [Reconnect()]
    return _hello(structs.replace(state, resends=state.resends + 1), now)


def _on_tick(state: RelayState, streams: Mapping[str, StreamFacts], now: Now) -> Result:
    if not state.connected:
        return state, []
    if state.hello_due is not None and now.mono >= state.hello_due:
        # Also while the hub's status says that nobody is there: a retained status can be lost
        # with the broker's memory, and asking now and then costs one small message.
        return _hello_again(state, now)
    if state.resend_due is None or now.mono < state.resend_due:
        return state, []
    if not _under_way(state, streams):
        return structs.replace(state, resend_due=None), []
    if state.resends + 1 >= STALLED_RESENDS:
        return structs.replace(state, resends=0, resend_due=None), [Reconnect()]
    state = structs.replace(
        state,
        sent={},
        resend_due=None,
        resends=state.resends + 1,
        silence_ms=min(state.silence_ms * 2, MAX_SILENCE_MS),
    )
    return _fill(state, streams, now)
