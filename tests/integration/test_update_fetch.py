"""A kiosk fetches what its hub offers: over the pinned authority, cut off or not, at its hour."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.configuration import ConfigurationStore
from kiosk.trial import Before
from kiosk.update_facts import write_facts
from kiosk.update_words import KioskFacts
from provisioning.updates import state as states
from provisioning.updates import venvs
from provisioning.updates.fetch import FetchError
from provisioning.updates.fetching import fetch_offered
from provisioning.updates.names import CONFIRMED
from provisioning.updates.places import Places
from provisioning.updates.progress import State
from tests.support.certificates import Authority
from tests.support.release_server import ReleaseServer, serving, settings
from tests.support.releases import NEW, OLD, PYTHON, Signer, bundle

CONTENT = os.urandom(700_000)


class Bench:
    """A hub, a kiosk's folders, and the kiosk's settings."""

    def __init__(self, folder: Path, url: str, hub: ReleaseServer, authority: Path | None) -> None:
        self.places = Places(folder / "root")
        self.hub = hub
        self.kiosk = folder / "kiosk"
        for one in (self.places.incoming, self.kiosk, self.places.heard.parent):
            one.mkdir(parents=True)
        self.config = settings(self.kiosk, url, authority)
        self.says(KioskFacts(open_now=True))
        self.now_s = 5000.0
        self.free = 10 * 2**30

    def says(self, facts: KioskFacts) -> None:
        write_facts(self.places.heard.parent, facts)

    def fetch(self, *, now: bool = False) -> str:
        done = fetch_offered(
            self.config,
            self.places,
            PYTHON,
            now=now,
            clock=lambda: self.now_s,
            free=lambda _: self.free,
        )
        return done.en

    def there(self) -> list[str]:
        return sorted(path.name for path in self.places.incoming.iterdir())

    def whole(self) -> bytes:
        return (self.places.incoming / f"{NEW}.yrel").read_bytes()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def hub() -> ReleaseServer:
    here = venvs.here(PYTHON)
    return ReleaseServer(NEW, f"{here.python}-{here.machine}", CONTENT)


@pytest.fixture
def bench(tmp_path: Path, authority: Authority, hub: ReleaseServer) -> Iterator[Bench]:
    with serving(hub, authority) as url:
        yield Bench(tmp_path, url, hub, authority.file)


def test_what_the_hub_offers_is_fetched_once(bench: Bench) -> None:
    assert bench.fetch() == f"fetched {NEW}"
    assert bench.whole() == CONTENT
    assert bench.there() == [f"{NEW}.yrel"]
    assert bench.fetch() == f"fetched {NEW}"
    assert bench.hub.asked == [None]


def test_a_line_that_is_cut_off_costs_what_was_on_the_way(bench: Bench) -> None:
    bench.hub.cuts = [100_000, 1, 250_000]
    assert bench.fetch() == f"fetched {NEW}"
    assert bench.whole() == CONTENT
    assert bench.hub.asked == [None, "bytes=100000-", "bytes=100001-", "bytes=350001-"]
    assert bench.hub.sent == len(CONTENT)


def test_the_next_run_goes_on_where_a_dead_line_left_off(bench: Bench) -> None:
    bench.hub.cuts = [300_000, *[0] * 40]
    with pytest.raises(FetchError, match=r"300000/700000 bytes only"):
        bench.fetch()
    bench.hub.cuts = []
    assert bench.fetch() == f"fetched {NEW}"
    assert bench.hub.asked[-1] == "bytes=300000-"
    assert bench.whole() == CONTENT


def test_a_hub_that_knows_no_ranges_still_serves(bench: Bench) -> None:
    bench.hub.ranges = False
    bench.hub.cuts = [50_000]
    assert bench.fetch() == f"fetched {NEW}"
    assert bench.whole() == CONTENT


def test_what_is_not_what_was_offered_is_thrown_away(bench: Bench) -> None:
    bench.hub.content = CONTENT[:-1] + b"\0"
    with pytest.raises(FetchError, match="not what was offered"):
        bench.fetch()
    assert bench.there() == []


def test_a_line_of_too_many_bytes_is_cut_by_the_kiosk(bench: Bench) -> None:
    bench.hub.content = CONTENT * 2
    with pytest.raises(FetchError, match="longer than was offered"):
        bench.fetch()
    assert sum(path.stat().st_size for path in bench.places.incoming.iterdir()) <= len(CONTENT)


@pytest.mark.parametrize("now", [False, True])
def test_a_release_that_would_leave_the_kiosk_no_room_to_record_is_not_fetched(
    bench: Bench, now: bool
) -> None:
    half = len(CONTENT) // 2
    part = bench.places.incoming / f"{NEW}.{bench.hub.offer()['sha256'][:16]}.part"
    part.write_bytes(CONTENT[:half])
    bench.free = 2 * 64 * 2**20 + half - 1  # twice what it refuses scans below
    with pytest.raises(FetchError, match="too little room, 1 MiB more"):
        bench.fetch(now=now)
    assert bench.there() == [], "what there was of it takes no room either"
    assert bench.hub.asked == []
    bench.free += half
    with pytest.raises(FetchError, match="too little room"):
        bench.fetch(now=now)
    bench.free += 1
    assert bench.fetch() == f"fetched {NEW}"


def test_a_fetch_leaves_the_room_that_the_hub_has_configured(bench: Bench) -> None:
    store = ConfigurationStore(bench.kiosk / "configuration")
    store.propose('{"min_free_mb": 500}', "c-1", Before())
    candidate = store.candidate()
    assert candidate is not None
    store.confirm(candidate)
    bench.free = 900 * 2**20
    with pytest.raises(FetchError, match="101 MiB more"):
        bench.fetch()


def test_a_disk_that_fills_up_all_the_same_is_given_back_what_was_fetched(bench: Bench) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from provisioning.updates.fetching import fetch_offered\n"
        "from provisioning.updates.places import Places\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try:\n"
        "    config, root, python = (Path(one) for one in sys.argv[1:])\n"
        "    fetch_offered(config, Places(root), python, now=True)\n"
        "except OSError as error:\n"
        "    sys.exit(error.strerror)\n"
    )
    told = [str(bench.config), str(bench.places.root), str(PYTHON)]
    done = subprocess.run(  # the kernel's own limit stands for a full disk
        [sys.executable, "-c", script, *told], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == os.strerror(errno.EFBIG), done.stderr
    assert bench.there() == []
    assert len(bench.hub.asked) == 1


def test_what_is_not_offered_any_more_is_removed(bench: Bench) -> None:
    bench.fetch()
    bench.hub.offered = None
    assert bench.fetch() == "the hub offers nothing new"
    assert bench.there() == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (KioskFacts(open_now=False), "it is not the hour for updates"),
        (KioskFacts(open_now=True, backlog=1), "events go first: another time"),
    ],
)
def test_at_a_bad_moment_the_hub_is_not_even_asked(
    bench: Bench, facts: KioskFacts, said: str
) -> None:
    bench.says(facts)
    assert bench.fetch() == said
    assert bench.hub.accounts == []
    assert bench.fetch(now=True) == f"fetched {NEW}"


@pytest.mark.parametrize(
    ("status", "header", "wait_s"),
    [
        (503, {"Retry-After": "1200"}, 1200),
        (429, {"Retry-After": "30"}, 30),
        (
            503,
            {
                "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
                "Retry-After": "Sun, 22 Nov 2026 10:10:00 GMT",
            },
            600,
        ),
        (503, {"Retry-After": "99999999"}, 3600),
    ],
)
def test_a_hub_that_is_busy_is_left_alone_as_long_as_it_says_and_no_longer_than_an_hour(
    bench: Bench, status: int, header: dict[str, str], wait_s: int
) -> None:
    bench.hub.busy = (status, header)
    with pytest.raises(FetchError, match="come again later"):
        bench.fetch()
    bench.hub.busy = None
    asked = len(bench.hub.accounts)
    bench.now_s += wait_s - 1
    assert bench.fetch() == "the hub said to come again later"
    assert len(bench.hub.accounts) == asked
    bench.now_s += 1
    assert bench.fetch() == f"fetched {NEW}"
    assert bench.there() == [f"{NEW}.yrel"]


def test_a_machine_that_has_started_anew_waits_for_no_hub_of_before(bench: Bench) -> None:
    bench.hub.busy = (503, {"Retry-After": "1200"})
    bench.now_s = 900_000.0
    with pytest.raises(FetchError):
        bench.fetch()
    bench.hub.busy = None
    bench.now_s = 60.0  # since the start of the machine
    assert bench.fetch() == f"fetched {NEW}"


@pytest.mark.parametrize("header", [{}, {"Retry-After": "soon"}, {"Retry-After": "-5"}])
def test_a_busy_hub_that_says_no_time_is_asked_again_by_the_next_run(
    bench: Bench, header: dict[str, str]
) -> None:
    bench.hub.busy = (503, header)
    with pytest.raises(FetchError, match="503"):
        bench.fetch()
    bench.hub.busy = None
    assert bench.fetch() == f"fetched {NEW}"


def test_a_person_who_fetches_by_hand_does_not_wait(bench: Bench) -> None:
    bench.hub.busy = (503, {"Retry-After": "1200"})
    with pytest.raises(FetchError):
        bench.fetch()
    bench.hub.busy = None
    assert bench.fetch(now=True) == f"fetched {NEW}"


def test_a_kiosk_that_does_not_run_fetches_nothing(bench: Bench) -> None:
    bench.places.heard.unlink()
    assert "does not answer" in bench.fetch()
    assert bench.hub.accounts == []


def test_a_release_that_was_left_is_not_fetched_again(bench: Bench) -> None:
    states.save(bench.places.state, State(refused=(NEW,)))
    assert "is not installed again" in bench.fetch()
    assert bench.hub.asked == []


def test_a_release_that_is_in_use_is_not_fetched_again(bench: Bench) -> None:
    (bench.places.home).mkdir(parents=True)
    bench.places.link(CONFIRMED, NEW)
    assert "is not installed again" in bench.fetch()
    assert bench.hub.asked == []


def test_another_authority_gets_neither_password_nor_belief(
    tmp_path: Path, hub: ReleaseServer
) -> None:
    with serving(hub, Authority(tmp_path / "somebody")) as url:
        own = Authority(tmp_path / "own")
        bench = Bench(tmp_path, url, hub, own.file)
        with pytest.raises(FetchError, match="the hub gave no release"):
            bench.fetch()
    assert hub.accounts == []


def test_without_tls_the_password_stays_on_this_machine(tmp_path: Path, hub: ReleaseServer) -> None:
    bench = Bench(tmp_path, "http://hub.example.org", hub, None)
    with pytest.raises(FetchError, match="without TLS no password is sent"):
        bench.fetch()


def test_a_real_bundle_that_was_fetched_is_the_one_that_was_signed(
    tmp_path: Path, authority: Authority, hub: ReleaseServer
) -> None:
    signed = bundle(tmp_path / "signed.yrel", Signer(tmp_path / "person"), 1)
    hub.content = signed.read_bytes()
    hub.offered = hub.offer()
    hub.cuts = [5_000]
    with serving(hub, authority) as url:
        bench = Bench(tmp_path, url, hub, authority.file)
        bench.places.home.mkdir(parents=True)
        bench.places.link(CONFIRMED, OLD)
        bench.fetch()
    assert bench.whole() == signed.read_bytes()
