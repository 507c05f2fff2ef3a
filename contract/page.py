"""The tables of ``docs/contract.md`` that say what the code says.

They stand between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``; everything else on the page
is written by hand. ``python -m contract docs`` renews them, a test compares them.
"""

import inspect
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from contract import actions, asyncapi, batches, codes, events, messages, reference
from contract.codes import Kind
from contract.schema import BODIES

PAGE: Final = "contract.md"
_MAX_SHOWN: Final = 120
"""Arguments of one verb that the table of cards lists one by one."""
_SECTION: Final = re.compile(r"(<!-- begin: ([a-z-]+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)


def sections() -> Mapping[str, str]:
    """The generated tables, Markdown by name."""
    return {
        "codes": _codes(),
        "actions": _actions(),
        "event-types": _event_types(),
        "topics": _topics(),
        "limits": _limits(),
    }


def names(page: str) -> list[str]:
    """The generated sections that ``page`` has, in order."""
    return [match[2] for match in _SECTION.finditer(page)]


def filled(page: str) -> str:
    """``page`` with its generated sections as the code has them; KeyError for an unknown one."""
    tables = sections()
    return _SECTION.sub(lambda match: f"{match[1]}\n{tables[match[2]]}\n{match[3]}", page)


def _table(*rows: tuple[str, ...]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((head, f"|{'---|' * len(rows[0])}", *body)) + "\n"


def _codes() -> str:
    about = {
        Kind.ITEM: ("one item", "G + prefix (4) + serial (5) + check"),
        Kind.BOX: ("a box, bag or pallet", "B + prefix (4) + serial (5) + check"),
        Kind.PLAN: ("a delivery plan or slip", "D + prefix (4) + serial (5) + check"),
        Kind.PERSON: ("a person's card, a bearer token", "P + 80 random bits (16) + check"),
        Kind.FAMILY: (
            "a family's one-time delivery token, a bearer token",
            "F + 80 random bits (16) + check",
        ),
        Kind.PLACE: ("a place: shelf, room, stop", "W + 6 + check"),
        Kind.ACTION: ("a kiosk action", "K + verb and argument + check, from the table below"),
    }
    lengths = " or ".join(str(length) for length in sorted({len(a) + 2 for a in actions.ACTIONS}))
    rows = (
        (f"`{kind.value}`", *about[kind], str(codes.LENGTHS.get(kind, lengths))) for kind in Kind
    )
    return _table(("letter", "what", "form", "characters"), *rows)


def _actions() -> str:
    """Every action with its card; of prices and months, which are many, the first and the last."""
    rows = []
    for verb in actions.Verb:
        arguments = actions.ARGUMENTS.get(verb, ("",))
        shown = arguments if len(arguments) <= _MAX_SHOWN else (arguments[0], arguments[-1])
        for argument in shown:
            chinese, english = actions.words_of(actions.Action(verb, argument))
            card = codes.action_code(verb, argument)
            many = f" (one of {len(arguments)})" if shown != arguments else ""
            rows.append((f"`{card}`", f"{english}{many}", chinese))
    return _table(("card", "meaning", "on the card"), *rows)


def _event_types() -> str:
    rows = []
    for tag, body in BODIES.items():
        fields = ", ".join(
            f"`{field.name}`" + ("" if field.required else "?")
            for field in msgspec.structs.fields(body)
        )
        rows.append((f"`{tag}`", fields or "none", _flat(inspect.getdoc(body) or "")))
    return _table(("type", "fields (? optional)", "meaning"), *rows)


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def _topics() -> str:
    rows = (
        (
            f"`{channel.address}`",
            channel.sender,
            "JSON Lines"
            if channel.payload is events.Line
            else ", ".join(payload.__name__ for payload in channel.payloads),
            "yes" if channel.delivery.retain else "no",
            _flat(channel.about),
        )
        for channel in asyncapi.channels()
    )
    return _table(("topic", "sent by", "payload", "retained", "about"), *rows)


def _limits() -> str:
    return _table(
        ("limit", "value"),
        ("an event line", f"{events.MAX_EVENT_BYTES:,} bytes"),
        ("a batch", f"{batches.MAX_BATCH_BYTES:,} bytes, {batches.MAX_BATCH_EVENTS:,} events"),
        ("any other message", f"{messages.MAX_MESSAGE_BYTES:,} bytes"),
        ("codes in one event", f"{events.MAX_CODES_PER_EVENT:,}"),
        ("event ids in one `voided`", f"{events.MAX_IDS_PER_VOID:,}"),
        ("epochs in one hello", f"{messages.MAX_KEPT:,}"),
        ("pieces of one part of reference data", f"{reference.MAX_PIECES:,}"),
        ("serials of one prefix", f"{codes.SERIALS_PER_PREFIX:,}"),
        ("serials in one block", f"{codes.BLOCK:,}"),
        ("a quantity card", f"{actions.MAX_QUANTITY:,}"),
        ("hello at least every", f"{messages.HELLO_INTERVAL_S:,} s"),
        ("health at least every", f"{messages.HEALTH_INTERVAL_S:,} s"),
    )
