"""Whatever can be written: events of every type there is, about a few things, in no sensible order.

`tests.support.events.Story` tells lives that can have happened. This one asks of folds what no life
would: every type of the contract, a new one too, with values of its own fields, drawn from so few
codes, counts, markets and recalls that most events meet in one of them.
"""

from random import Random
from typing import Any, Final

from msgspec import inspect

from contract import codes, events
from contract.codes import Kind
from contract.fields import NO_LINE_BREAK_AFTER
from tests.support.events import Story
from tests.support.strategies import BODY_TYPES

DAY_MS: Final = 86_400_000
GTINS: Final = ("06901234567892", "16901234567899", "00012345600012")
WORDS: Final = ("ok", "printed", "unconfirmed", "scanned", "card", "scanner", "winter")
NAMED: Final[dict[str, tuple[Any, ...]]] = {
    "category": ("H1", "F1", "F2", "ZZ"),
    "claim": (None, "a" * 64, "b" * 64),
    "count": tuple(f"5e5500000000000{n}" for n in range(3)),
    "gtin": GTINS,
    "lot": (None, "L 1", "l1", "M2", ""),
    "market": ("aa55000000000001", "aa55000000000002"),
    "part": tuple(f"5e5500000000000{n}" for n in range(3)),
    "recall": ("bb55000000000001", "bb55000000000002"),
    "retail": (
        None,
        events.Retail(GTINS[0], lot="l1"),
        events.Retail(GTINS[1], expiry="2026-03-01"),
    ),
    "session": ("cc55000000000001", "cc55000000000002"),
}
"""What fields of these names hold, by whatever event."""
PLAIN: Final = {
    "[A-Z]": ("A", "B"),
    "[0-9]{2}": ("01", "02"),
    "[0-9a-f]{64}": ("c" * 64,),
    "[0-9a-f]{16}": ("dd55000000000001",),
    "[!-~]{1,256}": ("some:incident",),
    "[0-9]{4}-(?:0[1-9]|1[0-2])": ("2026-02",),
}
"""What fits the patterns of fields that are no words."""
_KEPT_BY_JOURNALS: Final = (events.EpochOpened, events.ClockLearned)
A_COPIED_CARD: Final = 33
"""Of `Story.act`."""
_NUMBERS: Final = (0, 1, 2, 5, 30)


class Anything(Story):
    """Several kiosks; `happen` writes one more event, as ``chance`` has it."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._chance: Final = chance
        self.items = [codes.serial_code(Kind.ITEM, "00AA", serial) for serial in range(6)]
        self._kinds: Final = [kind for kind in BODY_TYPES if kind not in _KEPT_BY_JOURNALS]
        if chance.random() < 0.6:  # few types meet more often
            self._kinds[:] = chance.sample(self._kinds, chance.choice((6, 12, 25)))

    def happen(self) -> None:
        """One more thing."""
        chance = self._chance
        journal = chance.choice(self.journals)
        dice = chance.random()
        if dice < 0.04:
            off_ms = chance.choice((60_000, 12 * DAY_MS))
            journal.start(reboot=chance.random() < 0.6, off_ms=off_ms)
        elif dice < 0.07:
            journal.learn_time()
        elif dice < 0.09 and len(self.journals) < 4:
            self.act(A_COPIED_CARD, self.journals.index(journal), chance.randrange(2), 0)
        else:
            kind = events.Received if dice < 0.2 else chance.choice(self._kinds)
            family = chance.choice((None, *(events.family_hash(f"F{n}") for n in range(2))))
            after_ms = chance.choice((0, 1, 700, 3_600_000))
            journal.add(self._body(kind), family=family, after_ms=after_ms)

    def _body(self, kind: type[Any]) -> Any:
        told = inspect.type_info(kind)
        assert isinstance(told, inspect.StructType)
        chance = self._chance
        fields = [one for one in told.fields if one.required or chance.random() < 0.7]
        return kind(**{one.name: self._value(kind, one.name, one.type) for one in fields})

    def _value(self, kind: type[Any], name: str, told: inspect.Type) -> Any:
        chance = self._chance
        match told:
            case inspect.Metadata(type=inner):
                return self._value(kind, name, inner)
            case inspect.UnionType(types=types) if name not in NAMED:
                return self._value(kind, name, chance.choice(types))
            case inspect.NoneType():
                return None
        if name in NAMED and not isinstance(told, inspect.IntType):
            return chance.choice(NAMED[name])
        match told:
            case inspect.BoolType():
                return chance.random() < 0.5
            case inspect.IntType(ge=low, le=high):
                if name == "since":
                    journal = chance.choice(self.journals)
                    return max(0, journal.offset + journal.mono - 1000 * chance.randrange(60))
                number = max(chance.choice(_NUMBERS), int(low or 0))
                return number if high is None else min(number, int(high))
            case inspect.LiteralType(values=values):
                return chance.choice(values)
            case inspect.VarTupleType(item_type=one, min_length=fewest):
                count = max(fewest or 0, chance.choice((0, 1, 1, 2)))
                many = [self._value(kind, name, one) for _ in range(count)]
                return tuple(dict.fromkeys(many))
            case inspect.StrType(pattern=pattern):
                return self._text(name, pattern or "")
        raise AssertionError(f"{kind.__name__}.{name}: no value of {told}; add one here")

    def _text(self, name: str, pattern: str) -> str:
        chance = self._chance
        inner = pattern.removeprefix("^(?:").removesuffix(f")${NO_LINE_BREAK_AFTER}")
        if inner in PLAIN:
            return chance.choice(PLAIN[inner])
        letters = inner.partition("[0-9A-H")[0]
        if letters == "[GB]" and chance.random() < 0.3:
            letters = "B"
        match letters:
            case "G" | "[GB]":
                return chance.choice(self.items)
            case "B":
                return chance.choice(self.boxes)
            case "D":
                return chance.choice(self.plans)
            case "W":
                return chance.choice([*self.places, codes.PLACE_IN])
            case "":
                return chance.choice(("H1", "F1"))
        if r"\.[0-9a-f]{16}\." in inner:
            written = self.written
            recent = written[-8:] if chance.random() < 0.5 else written
            return chance.choice(recent).id
        return chance.choice(WORDS)
