"""The editor's page: the form that holds everything, and the pictures of what it holds."""

import base64
from typing import Final

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from msgspec.structs import replace
from werkzeug.wrappers import Response as BaseResponse

from contract.papers import MAX_PARTS, NEEDED, Papers, Part, Template
from drivers.papers import Letterhead
from drivers.ports import LayoutError
from hub.access import accounts
from hub.printing import paper_pictures, papers
from hub.printing.paper_pictures import OF_PAPER, USUAL
from hub.printing.papers import EVERY, Version
from hub.queries import places
from hub.request import connection, services
from hub.web import audit_words, i18n, security, story
from hub.web.papers import draft, words

EVERY_KEY: Final = "every_stop"
"""In addresses; no stop's id has such a character."""


class Shown(Struct, frozen=True):
    """A paper's picture in a page: PNG in base64 with its size in dots, and what stands on it; or
    why there is none."""

    png: str = ""
    width: int = 0
    height: int = 0
    says: str = ""
    problem: str = ""


def address(key: str) -> str:
    """Where a stop's papers are edited."""
    return url_for("papers.one", stop=key or EVERY_KEY)


def head_of(key: str) -> Letterhead:
    """What the stop's kiosks print by besides its papers."""
    hub_url = services().config.public_url or request.host_url
    return paper_pictures.letterhead(connection(), key, hub_url)


def beginning(key: str) -> Papers:
    """Where a stop without papers of its own begins: with every stop's, and its own name."""
    every, found = papers.of_stop(connection(), key), places.stops(connection()).get(key)
    if found is None:
        return every
    most = draft.MAX_WORDS
    return replace(
        every,
        stop_zh=every.stop_zh or found.zh[:most],
        stop_en=every.stop_en or found.en[:most],
    )


def shown_as(paper: str, given: Papers, head: Letterhead, printer: str) -> Shown:
    """The picture of a paper that is being written."""
    given = paper_pictures.without_gaps(given)
    if not paper_pictures.shows(paper, draft.template_of(given, paper)):
        found = [one for one in papers.faults_of(given) if one.startswith(paper)]
        return Shown(problem=" ".join(words.fault(one) for one in found))
    try:
        seen = paper_pictures.drawn(paper, given, head, printer)
    except LayoutError as error:
        return Shown(problem=i18n.pick(error.zh, error.en))
    data = base64.b64encode(seen.png).decode()
    return Shown(data, seen.width, seen.height, words.standing_on(seen))


def printer_of(paper: str) -> str:
    """The printer that the form wants a paper shown for."""
    wanted = request.form.get(f"{paper}-printer", USUAL)
    return wanted if wanted in OF_PAPER[paper] else USUAL


def page(
    key: str,
    given: Papers,
    seen: int,
    *,
    focus: str = "",
    problems: list[str] | None = None,
    logo_problem: str = "",
    status: int = 200,
) -> BaseResponse:
    """The page. ``seen`` is the version that ``given`` was made from, ``focus`` the field where the
    hand goes on."""
    here, head = connection(), head_of(key)
    known = places.stops(here)
    newest = papers.newest(here, key)
    printers = {paper: printer_of(paper) for paper in OF_PAPER}
    page = render_template(
        "papers/one.html",
        key=key or EVERY_KEY,
        every=key == EVERY,
        name=story.stop_name(known, key) if key else _("Every stop"),
        own=newest is not None and newest.papers is not None,
        given=given,
        seen=seen,
        sheets=[
            (paper, draft.template_of(given, paper), shown_as(paper, given, head, printers[paper]))
            for paper in OF_PAPER
        ],
        printers=printers,
        choices={
            paper: [(printer, words.PRINTERS[printer]) for printer in fitting]
            for paper, fitting in OF_PAPER.items()
        },
        addable=draft.addable,
        needed=NEEDED,
        most=MAX_PARTS,
        most_words=draft.MAX_WORDS,
        words=words,
        focus=focus,
        problems=problems or [],
        logo_problem=logo_problem,
        versions=_told(papers.versions(here, key)),
    )
    response = Response(page, status=status)
    response.headers.update(security.PICTURES)
    return response


class Told(Struct, frozen=True):
    """A version in the list of them."""

    n: int
    at_ms: int
    who: str
    what: str


def _told(found: list[Version]) -> list[Told]:
    names = accounts.names(connection())
    return [
        Told(
            one.n,
            one.made_ms,
            audit_words.person(one.account, names),
            _("as every stop") if one.papers is None else _summary(one.papers),
        )
        for one in found
    ]


def _summary(found: Papers) -> str:
    return _(
        "label: %(label)s; receipt: %(receipt)s",
        label=_kinds(found.label),
        receipt=_kinds(found.receipt),
    )


def _kinds(template: Template) -> str:
    def name(part: Part) -> str:
        return str(words.KINDS.get(part.kind, part.kind))

    return _(", ").join(name(part) for part in template.parts)
