"""The workflow's table and state diagram as Markdown, drawn from `kiosk.workflow.TABLE`.

``python -m kiosk.diagram docs/architecture.md`` rewrites what stands between the markers of that
page; a test fails when the page is older than the code.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contract.actions import VERB_WORDS, Verb
from kiosk.inputs import InputKind
from kiosk.state import Phase
from kiosk.workflow import TABLE, Row

BEGIN: Final = "<!-- drawn by python -m kiosk.diagram: begin -->"
END: Final = "<!-- drawn by python -m kiosk.diagram: end -->"

PHASES: Final = {
    Phase.REST: "nobody is here; the last handover may still be taken back",
    Phase.CARDED: "a card was shown, nothing since",
    Phase.INTAKE: "items are coming in",
    Phase.ASKING: "an unknown retail code waits for its category card",
    Phase.HANDOVER: "items are chosen and wait for a destination",
    Phase.PLAN: "a plan was scanned alone: how did it go?",
    Phase.PACKING: "things go into a box",
    Phase.UNPACKING: "things come out of a box",
    Phase.RECEIVING: "a transfer from another stop comes in",
    Phase.REPRINTING: "a label is to be printed again: which?",
    Phase.LOOKING: "somebody asks where something is: what?",
    Phase.BINDING: "a label printed ahead waits for what it is stuck on",
    Phase.MARKET: "the charity market is open on this lane",
    Phase.SELLING: "a sale is in the making",
    Phase.RETURNING: "something that was sold comes back: what?",
    Phase.CASHING: "the market is being closed: how much cash is there?",
    Phase.COUNTING: "a stocktake is open, no shelf is",
    Phase.SHELF: "a shelf is being counted",
    Phase.UNLABELLED: "something on the shelf has no readable label: what is it?",
    Phase.OFFERING: "somebody offers time",
    Phase.WORKING: "work begins or ends: whose card?",
    Phase.GIVING: "spoons of rice for a campaign are coming in",
}

INPUTS: Final = {
    InputKind.CARD: "a person's card `P`",
    InputKind.RETAIL: "retail code",
    InputKind.CATEGORY: "category card",
    InputKind.QUANTITY: "quantity card",
    InputKind.ITEM: "item label `G`",
    InputKind.BOX: "box label `B`",
    InputKind.PLAN: "plan `D`",
    InputKind.FAMILY: "family's token `F`",
    InputKind.PLACE: "place `W`",
    InputKind.READY_MADE: "label printed ahead",
    **{
        InputKind(verb.name.lower().replace("_", "-")): f"“{VERB_WORDS[verb][1]}” card"
        for verb in Verb
        if verb not in (Verb.QUANTITY, Verb.CATEGORY)
    },
    InputKind.FINISH: "finish",
    InputKind.UNDO: "undo",
    InputKind.HELP: "help",
    InputKind.NOT_HOME: "“not home” card",
    InputKind.CLAIM: "a donor's claim",
    InputKind.DAMAGED: "a damaged code of ours",
    InputKind.FOREIGN: "anything else",
    InputKind.TIMEOUT: "time is up",
    InputKind.UNSURE: "nobody knows whether a label came out",
    InputKind.THERE: "answer: the label, scanned",
    InputKind.AGAIN: "answer: “print again” card",
    InputKind.TAKE_OUT: "answer: undo",
}

_EVERYWHERE: Final = tuple(Phase)


def _stays(row: Row) -> bool:
    return row.phases == _EVERYWHERE and row.to == _EVERYWHERE


def diagram() -> str:
    """The Mermaid state diagram: one arrow for each pair of phases, its inputs on it."""
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for row in TABLE:
        if _stays(row):
            continue
        for phase in row.phases:
            for target in row.to:
                arrows.setdefault((phase, target), []).append(row.input.value)
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.REST.value}"]
    lines += [
        f"    {phase.value} --> {target.value}: {', '.join(inputs)}"
        for (phase, target), inputs in arrows.items()
    ]
    return "\n".join(["```mermaid", *lines, "```"])


def table() -> str:
    """The phases and the rows of the workflow as two Markdown tables."""
    return "\n".join(
        [
            "| phase | means |",
            "|---|---|",
            *(f"| {phase.value} | {meaning} |" for phase, meaning in PHASES.items()),
            "",
            "| in | input | what it does | after it |",
            "|---|---|---|---|",
            *_rows(),
        ]
    )


def _rows() -> Iterator[str]:
    for row in TABLE:
        where = "any phase" if row.phases == _EVERYWHERE else _listed(row.phases)
        after = "as before" if _stays(row) else _listed(row.to)
        yield f"| {where} | {INPUTS[row.input]} | {row.does} | {after} |"


def _listed(phases: tuple[Phase, ...]) -> str:
    return ", ".join(phase.value for phase in phases)


def drawn() -> str:
    """All that stands between the markers, markers included."""
    return "\n\n".join([BEGIN, diagram(), table(), END])


def renewed(page: str) -> str:
    """``page`` with its drawn part as the code has it now.

    Raises:
        ValueError: the markers are missing or in the wrong order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN} and {END}")
    return before + drawn() + after


def main(arguments: list[str]) -> int:
    """Rewrites the page; returns the exit status."""
    if len(arguments) != 1:
        print("usage: python -m kiosk.diagram PAGE", file=sys.stderr)
        return 2
    page = Path(arguments[0])
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
