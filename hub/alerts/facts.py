"""What the rules judge: values, gathered elsewhere (`hub.alerts.gathering`). Times are Unix
milliseconds by the hub's clock."""

from msgspec import Struct

from contract.messages import Health


class KioskFacts(Struct, frozen=True):
    """A kiosk that is in use, as the hub last heard of it.

    ``online`` is what its status or its will says, None as long as it never said so; ``seen_ms``
    is when anything last came from it. ``open_since_ms`` as in `hub.alerts.opening`. ``restarts``
    counts the starts of its program within the last hour. ``drift_ms``: since when the
    configuration that it should have is not in use, None when it is; ``reverted`` is why it went
    back to an older one, empty when it did not.
    """

    kiosk: str
    stop: str
    online: bool | None
    seen_ms: int | None
    health: Health | None
    health_ms: int | None
    open_since_ms: int | None
    restarts: int = 0
    certificate_ends_ms: int | None = None
    drift_ms: int | None = None
    reverted: str = ""


class HubFacts(Struct, frozen=True):
    """The hub itself. ``broker_since_ms`` is since when it has been connected to its broker, None
    while it is not. ``disk_free_mb`` is None where the database is another machine's.
    ``behind_ms``: since when something that came in waits to be projected; None when nothing does.
     ``certificate_ends_ms`` is
    of the pages' certificate, ``broker_certificate_ends_ms`` of the one that the broker shows to
    kiosks. ``watched`` is whether alarms are looked for at all: no alarm could say that they are
    not."""

    broker_since_ms: int | None
    writer: bool = True
    backup_late: bool = False
    backup_error: bool = False
    disk_free_mb: int | None = None
    behind_ms: int | None = None
    certificate_ends_ms: int | None = None
    broker_certificate_ends_ms: int | None = None
    failing_channels: tuple[str, ...] = ()
    watched: bool = True


class IncidentFacts(Struct, frozen=True):
    """An incident that is open and that nobody has acknowledged."""

    key: str
    kind: str
    stop: str
    kiosk: str
    opened_ms: int
