"""Papers while somebody works on them: read from the form, changed by its buttons.

The form holds all of them, so that nothing is kept between two pages and every button works
without JavaScript. Values in, values out.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from contract.papers import (
    LABEL,
    LANGUAGES,
    MAX_PARTS,
    NEEDED,
    RECEIPT,
    SIZES,
    Papers,
    Part,
    Template,
)
from hub.printing.papers import PARTS
from hub.typed import whole_number

MAX_WORDS: Final = 60
USUAL: Final = {"label": LABEL, "receipt": RECEIPT}
_LOGO_SIZE: Final = {"label": "small", "receipt": "normal"}


def read(form: Mapping[str, str]) -> Papers:
    """What the form says; what is no part, size or language is left out."""
    return Papers(
        label=_template(form, "label"),
        receipt=_template(form, "receipt"),
        stop_zh=_line(form.get("stop_zh", "")),
        stop_en=_line(form.get("stop_en", "")),
        logo=form.get("logo", ""),
    )


def _template(form: Mapping[str, str], paper: str) -> Template:
    parts = []
    for number in range(1, MAX_PARTS + 1):
        field = f"{paper}-{number}"
        kind, size = form.get(f"{field}-kind", ""), form.get(f"{field}-size", "")
        if kind not in PARTS[paper]:
            continue
        own = kind == "words"
        parts.append(
            Part(
                kind,
                size if size in SIZES else "normal",
                _line(form.get(f"{field}-zh", "")) if own else "",
                _line(form.get(f"{field}-en", "")) if own else "",
            )
        )
    language = form.get(f"{paper}-language", "")
    return Template(tuple(parts), language if language in LANGUAGES else "")


def _line(text: str) -> str:
    return " ".join(text.split())[:MAX_WORDS]


def template_of(papers: Papers, paper: str) -> Template:
    """The template of a label or receipt."""
    return papers.label if paper == "label" else papers.receipt


def with_template(papers: Papers, paper: str, template: Template) -> Papers:
    """``papers`` with this one changed."""
    return (
        replace(papers, label=template) if paper == "label" else replace(papers, receipt=template)
    )


def pressed(papers: Papers, do: str, form: Mapping[str, str]) -> tuple[Papers, str]:
    """What a button makes of them, and the field where the hand goes on: ``up label 3``,
    ``down receipt 1``, ``remove label 5``, ``add label``, ``usual receipt``, ``show label``.
    Anything else changes nothing."""
    what, _, rest = do.partition(" ")
    paper, _, number = rest.partition(" ")
    if paper not in PARTS:
        return papers, ""
    parts = list(template_of(papers, paper).parts)
    at = (whole_number(number, 2) or 0) - 1
    focus = ""
    if what == "show":
        return papers, f"show-{paper}"
    if what == "usual":
        return with_template(papers, paper, USUAL[paper]), f"{paper}-usual"
    if what == "add" and len(parts) < MAX_PARTS:
        kind = form.get(f"{paper}-new", "")
        if kind in addable(paper):
            parts.append(Part(kind))
            focus = f"{paper}-{len(parts)}-{'zh' if kind == 'words' else 'up'}"
    elif not 0 <= at < len(parts):
        return papers, ""
    elif what == "remove" and parts[at].kind not in NEEDED[paper]:
        del parts[at]
        focus = f"{paper}-new"
    elif what in ("up", "down"):
        to = at - 1 if what == "up" else at + 1
        if 0 <= to < len(parts):
            parts[at], parts[to] = parts[to], parts[at]
            # The next press goes on with the same part; at either end only the other way is left.
            turn = {0: "down", len(parts) - 1: "up"}.get(to, what)
            focus = f"{paper}-{to + 1}-{turn}"
    template = replace(template_of(papers, paper), parts=tuple(parts))
    return with_template(papers, paper, template), focus


def addable(paper: str) -> tuple[str, ...]:
    """Kinds of parts that can be put on, and taken off again."""
    return tuple(kind for kind in PARTS[paper] if kind not in NEEDED[paper])


def with_logo(papers: Papers, logo: str) -> Papers:
    """With this logo (base64), and a place for it on papers that have none yet, at the top."""
    papers = replace(papers, logo=logo)
    for paper, size in _LOGO_SIZE.items():
        template = template_of(papers, paper)
        if len(template.parts) < MAX_PARTS and all(one.kind != "logo" for one in template.parts):
            parts = (Part("logo", size), *template.parts)
            papers = with_template(papers, paper, replace(template, parts=parts))
    return papers


def without_logo(papers: Papers) -> Papers:
    """Without a logo, nor a place for one."""
    papers = replace(papers, logo="")
    for paper in PARTS:
        template = template_of(papers, paper)
        parts = tuple(one for one in template.parts if one.kind != "logo")
        papers = with_template(papers, paper, replace(template, parts=parts))
    return papers
