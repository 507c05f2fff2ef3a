"""What the API answers. The OpenAPI document is generated from these structs.

Nothing of an event's private part is here: an event shows its public part as received, its hash,
its predecessor's, and the salted digest of its private part, so that anybody can recompute the
chain without learning who was there.
"""

from typing import Annotated, Any

from msgspec import Meta, Raw, Struct

StopKey = Annotated[str, Meta(max_length=64)]
"""A stop's id as somebody asks for it; "" is every stop."""


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error, as RFC 9457 writes it. ``parameter`` names what was wrong in the request,
    ``reasons`` what keeps the hub from its work."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str | None = None
    parameter: str | None = None
    reasons: list[str] | None = None


class Names(Struct, frozen=True):
    """A name in both languages."""

    zh: str
    en: str


class Said(Struct, frozen=True):
    """A text in both languages."""

    zh: str
    en: str


class EventOut(Struct, frozen=True):
    """An event. ``position`` is its place in the hub's own order and the cursor for paging; ``t``
    its time in Unix milliseconds as far as it is known (``t_known``). ``public`` is exactly what
    was received: hash = SHA-256("yicang/1/event" NUL, prev, SHA-256(public), private_digest).
    Where a line could not be understood and somebody mended it (``repaired``), hash is that of the
    line as it came, and public what was mended, so that one does not follow from the other."""

    id: str
    position: int
    kiosk: str
    epoch: str
    seq: int
    type: str
    t: int
    t_known: bool
    received_ms: int
    hash: str
    prev: str
    private_digest: str
    repaired: bool
    public: Raw


class EventPage(Struct, frozen=True):
    """Events behind ``after``, as far as stock and items already count them. Ask again with
    ``after`` = ``next``; ``next`` does not move where there is nothing new."""

    events: list[EventOut]
    next: int


class ItemOut(Struct, frozen=True):
    """An item as the fold left it, with every event that concerns it."""

    code: str
    status: str
    stop: str
    kiosk: str
    category: str | None
    category_name: Names | None
    place: str | None
    plan: str | None
    reserved: str | None
    box: str | None
    label: str | None
    gtin: str | None
    expiry: str | None
    lot: str | None
    grade: str | None
    quantity: int
    received_t: int | None
    changed_t: int
    t_known: bool
    position: int
    events: list[EventOut]


class StockLine(Struct, frozen=True):
    """Pieces of one category at one stop, by status."""

    stop: str
    category: str
    in_stock: int
    unlabelled: int
    out: int
    delivered: int
    quarantined: int
    sent: int
    sold: int
    missing: int
    disposed: int
    reserved: int


class StockOut(Struct, frozen=True):
    """All stock, as of ``position``: exactly the events up to there are counted."""

    stock: list[StockLine]
    position: int


class DeviceOut(Struct, frozen=True):
    """A peripheral as its kiosk last told."""

    name: str
    kind: str
    ok: bool
    detail: str
    paper_mm: int | None


class TroubleOut(Struct, frozen=True):
    """Something that is the matter with a kiosk, by the rules of the alarms. ``kind`` is a kind of
    alarm, ``severity`` urgent or soon, ``ring`` host or operator. ``alarm`` is its number among the
    alarms, null as long as it has not lasted; ``acknowledged``: somebody takes care of it."""

    kind: str
    severity: str
    ring: str
    alarm: int | None
    acknowledged: bool


class KioskOut(Struct, frozen=True):
    """A kiosk. ``presence`` is online (it says so, and was heard lately), offline, never, or
    unknown while the hub has no broker; ``online`` is what it said itself, null as long as it never
    did. ``level`` is how much it needs somebody: urgent, soon, away (its stop is closed), new, well
    or ended; ``troubles`` has the most pressing first.
    ``backlog`` counts the events that it had not delivered when it last told, ``health_ms``.
    ``refusing`` says why it takes no scans (disk-low, read-only; empty: it does), ``throttling``
    what its board says of power and heat; ``paper_mm`` is left on its emptiest roll.
    ``config`` is the version of the configuration that it runs with (empty: its own settings),
    ``config_state`` confirmed, trying or reverted, with ``config_detail`` for why; ``drift``:
    it does not run with what is wished of it. ``version`` is its release, or what its software
    calls itself, ``version_wanted`` that of the newest roll-out that told it (empty: none did);
    ``version_differs``: it runs another than that, or without it than most."""

    id: str
    stop: str
    registered: bool
    ended: str
    presence: str
    level: str
    troubles: list[TroubleOut]
    online: bool | None
    seen_ms: int | None
    last_event_ms: int | None
    health_ms: int | None
    backlog: int | None
    oldest_unsent_s: int | None
    clock: bool | None
    clock_source: str | None
    software: str | None
    version: str
    version_wanted: str
    version_differs: bool
    uptime_s: int | None
    disk_free_mb: int | None
    refusing: str | None
    temperature_c: float | None
    throttling: list[str] | None
    paper_mm: int | None
    paper_jobs: int | None
    prefixes_left: int | None
    config: str | None
    config_state: str | None
    config_detail: str | None
    drift: bool
    devices: list[DeviceOut]


class KiosksOut(Struct, frozen=True):
    """Every kiosk, what needs a human first before all others."""

    kiosks: list[KioskOut]


class UnnamedCode(Struct, frozen=True):
    """A retail code on ``items`` that came in, which nobody has named; the category that was chosen
    most often of late, if any."""

    gtin: str
    items: int
    last_t: int
    category: str | None


class UnnamedCodes(Struct, frozen=True):
    """Retail codes that want a name, the most frequent first."""

    codes: list[UnnamedCode]


class IncidentOut(Struct, frozen=True):
    """Something that somebody must see."""

    key: str
    kind: str
    subject: str
    kiosk: str
    stop: str
    detail: dict[str, Any]
    count: int
    first_t: int
    opened_ms: int
    last_ms: int
    acknowledged_ms: int | None
    closed_ms: int | None


class IncidentsOut(Struct, frozen=True):
    """Open incidents, or closed ones."""

    incidents: list[IncidentOut]


class HealthOut(Struct, frozen=True):
    """The hub does its work; everything up to ``position`` is shown."""

    status: str
    position: int
