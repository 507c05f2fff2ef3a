"""A kiosk being set up, without devices: `kiosk.setup.flow` in a small world of values.

The world performs effects one at a time, and the power can go before any of them. What is kept is
what a disk would hold; the hub behaves as `contract.enrolling` says.
"""

from collections.abc import Callable

from contract.enrolling import Enrolled, Invitation, Refusal, encode, new_code, pin
from kiosk.setup import flow
from kiosk.setup.flow import Effect, Input, Keys, Problem, Progress, State
from kiosk.setup.network import FakeNetwork
from tests.support.fleet_keys import KEYS

AUTHORITY = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n"
ENROLLED = Enrolled(
    kiosk="willow-k1",
    stop="willow",
    stop_zh="柳树里义仓站",
    stop_en="Willow Lane Stop",
    hub_url="https://hub.example",
    mqtt_host="hub.example",
    mqtt_port=8883,
    mqtt_ca=AUTHORITY,
    prefixes=("AB12", "CD34"),
    confirmed=False,
    hub_time=1_790_000_000_000,
)
HOME = "WIFI:T:WPA;S:Home;P:correct horse;;"
WRONG = "WIFI:T:WPA;S:Home;P:wrong horse;;"
ELSEWHERE = "WIFI:T:WPA;S:Elsewhere;P:12345678;;"
RICE = "6901234567892"


def invitation(number: int = 1) -> Invitation:
    """The ``number``th invitation of our hub."""
    return Invitation(new_code(number.to_bytes(10)), pin(b"ours"), "HUB.EXAMPLE", 8443)


class Hub:
    """What a hub does with requests: the first key of a code is the only one."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.answered = 0
        self.problem: Problem | None = None
        self.lose_answers = 0
        self.known = {invitation(n).code for n in range(10)}

    def authority(self, asked: Invitation) -> str | Problem:
        if self.problem in ("unreachable", "foreign"):
            return self.problem
        return AUTHORITY if asked.pin == pin(b"ours") else "foreign"

    def enrol(self, asked: Invitation, keys: Keys) -> Enrolled | Problem:
        if self.problem is not None:
            return self.problem
        if asked.code not in self.known:
            return Refusal.UNKNOWN
        if self.keys.setdefault(asked.code, keys.public_key) != keys.public_key:
            return Refusal.USED
        if self.lose_answers:
            self.lose_answers -= 1
            return "unreachable"
        self.answered += 1
        return ENROLLED


class Bench:
    """A kiosk on a bench: scan, look at what was told, pull the plug."""

    def __init__(self, hub: Hub | None = None, network: FakeNetwork | None = None) -> None:
        self.hub = hub or Hub()
        self.network = network or FakeNetwork({"Home": "correct horse"})
        self.disk: Progress | None = None
        self.told: list[str] = []
        self.parts: list[tuple[int, int]] = []
        self.tickets: list[str] = []
        self.settled: Progress | None = None
        self.keys_made = 0
        self.now = 1_000
        self.state = State()
        self.pending: list[Effect] = []
        self.cut: Callable[[], bool] = lambda: False

    def start(self, brought: str = "") -> "Bench":
        """Plugged in."""
        self.pending = []
        self.state = State(self.disk or Progress())
        self.take(flow.Begun(self.network.online(), brought))
        return self

    def scan(self, text: str) -> str:
        """The last thing that was told of it."""
        self.take(flow.Read(text))
        return self.told[-1]

    def invite(self, number: int = 1) -> str:
        return self.scan(encode(invitation(number)))

    def wait(self, ms: int) -> str:
        """Time passes."""
        self.now += ms
        self.take(flow.Time())
        return self.told[-1]

    def plug_cable(self) -> str:
        self.network.cable = True
        self.take(flow.NetworkSeen(True))
        return self.told[-1]

    def take(self, incoming: Input) -> None:
        """A turn and all that follows; ends early where `cut` says that the power goes."""
        self.state, effects = flow.step(self.state, incoming, self.now)
        self.pending += effects
        while self.pending:
            if self.cut():
                self.pending = []
                return
            answer = self._perform(self.pending.pop(0))
            if answer is not None:
                self.state, effects = flow.step(self.state, answer, self.now)
                self.pending += effects

    def _perform(self, effect: Effect) -> Input | None:
        match effect:
            case flow.Tell(key, have, of):
                self.told.append(key)
                if of:
                    self.parts.append((have, of))
            case flow.Keep(progress):
                self.disk = progress
            case flow.Join(wifi):
                return flow.JoinEnded(self.network.join(wifi).value)
            case flow.MakeKeys():
                self.keys_made += 1
                return flow.KeysMade(KEYS[self.keys_made % len(KEYS)])
            case flow.FetchAuthority(asked):
                found = self._reach(lambda: self.hub.authority(asked))
                if isinstance(found, str) and found == AUTHORITY:
                    return flow.AuthoritySeen(asked.code, found)
                assert not isinstance(found, Enrolled)
                return flow.Failed(asked.code, found)  # type: ignore[arg-type]  # a problem
            case flow.Enrol(asked, authority, keys):
                assert authority == AUTHORITY, "asked a hub that was not believed"
                assert self.disk is not None
                assert self.disk.keys == keys, "asked with keys that are on no disk"
                answer = self._reach(lambda: self.hub.enrol(asked, keys))
                if isinstance(answer, Enrolled):
                    return flow.Answered(asked.code, answer)
                return flow.Failed(asked.code, answer)  # type: ignore[arg-type]  # a problem
            case flow.PrintTicket(_, digits):
                self.tickets.append(digits)
                return flow.TicketEnded()
            case flow.Settle(progress):
                self.disk = self.settled = progress
        return None

    def _reach(self, ask: Callable[[], object]) -> object:
        return ask() if self.network.online() else "unreachable"
