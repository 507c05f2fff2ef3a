"""What the pages of a stocktake show, and who may see it.

In a blind count nobody who counts is told what is expected: figures are shown to who may approve
and did not count, until it is decided.
"""

import hashlib
import itertools
from collections import Counter

import msgspec
from flask import abort
from msgspec import Struct
from sqlalchemy import Connection

from hub.access.permissions import Permission
from hub.access.users import User
from hub.counts import identifying, stocktakes
from hub.counts.stocktake_lines import MISSING, VERDICTS
from hub.counts.stocktakes import Change, Result
from hub.folds.counted import COUNTED, Sighting, Stocktake
from hub.queries import statements
from hub.queries import stocktakes as query
from hub.queries.stocktakes import FoundAgain, Kept, Offered
from hub.reporting.statements import Unheard
from hub.request import connection, services
from hub.web.login import require, signed_in_user


class CategorySum(Struct, frozen=True):
    """Lines of one category, by verdict."""

    category: str
    n: dict[str, int]


class Restated(Struct, frozen=True):
    """A restatement, with what it changed."""

    at_ms: int
    position: int
    changes: list[Change]


class View(Struct, frozen=True):
    """A stocktake as this user may see it. ``result`` is None where they may not see figures, and
    what was approved once it is; ``now`` is what the log tells now, ``changes`` how
    that differs. ``unheard`` are kiosks that may still hold what happened meanwhile."""

    count: Stocktake
    result: Result | None
    now: Result | None
    offered: list[Offered]
    kept: list[Kept]
    changes: list[Change]
    found_again: list[FoundAgain]
    hindrances: list[str]
    unheard: list[Unheard]

    @property
    def state(self) -> str:
        """Going on, approved or given up."""
        if self.count.approved is not None:
            return query.APPROVED
        return query.COUNTING if self.count.cancelled_t is None else query.CANCELLED

    @property
    def seal(self) -> str:
        """What an approval of exactly this carries."""
        return stocktakes.seal(self.result) if self.result is not None else ""

    @property
    def verdicts(self) -> list[tuple[str, int]]:
        """How many items have each verdict; those that none has are left out, but for missing."""
        lines = self.result.lines if self.result is not None else ()
        n = dict.fromkeys(VERDICTS, 0)
        for line in lines:
            n[line.verdict] += 1
        return [(verdict, n[verdict]) for verdict in VERDICTS if n[verdict] or verdict == MISSING]

    @property
    def categories(self) -> list[CategorySum]:
        """The same by category."""
        sums: dict[str, dict[str, int]] = {}
        for line in self.result.lines if self.result is not None else ():
            n = sums.setdefault(line.category, {})
            n[line.verdict] = n.get(line.verdict, 0) + 1
        return [CategorySum(category, sums[category]) for category in sorted(sums)]

    @property
    def perhaps(self) -> list[tuple[Sighting, int]]:
        """What had no label, and nobody has said what it is: each with how many of its category
        are missing."""
        if self.now is None or self.count.cancelled_t is not None:
            return []
        missing = Counter(line.category for line in self.now.of(MISSING))
        open_yet = identifying.candidates(self.count, self.now)
        return [(one, missing[one.category]) for one in self.count.finds if one.item in open_yet]

    @property
    def identified(self) -> list[tuple[Sighting, str]]:
        """What had no label, with the item that it is."""
        known = self.count.identified if self.now is not None else {}
        return [(one, known[one.item]) for one in self.count.finds if one.item in known]

    @property
    def to_ask(self) -> list[str]:
        """The places that the rule wants to be counted again."""
        return [one.place for one in self.result.places if one.again] if self.result else []

    @property
    def done(self) -> tuple[int, int]:
        """How many places are counted, and how many there are."""
        if self.result is not None:
            states = [one.state for one in self.result.places]
        else:
            states = [shelf.state for shelf in self.count.shelves]
        return states.count(COUNTED), len(states)

    @property
    def restatements(self) -> list[Restated]:
        """How it was told again, in order."""
        return [
            Restated(now.at_ms, now.position, stocktakes.changes(was.result, now.result))
            for was, now in itertools.pairwise(self.kept)
        ]

    @property
    def going(self) -> bool:
        """Whether anything may still move on the page."""
        return self.state == query.COUNTING

    def etag(self, language: str) -> str:
        """Differs when anything shown does."""
        count = self.count
        known = dict(count.identified)
        shown = (count.parts, count.shelves, known, self.state, self.offered, self.result)
        rest = (self.changes, self.found_again, self.hindrances, self.unheard)
        text = msgspec.json.encode((language, shown, rest))
        return f'W/"{hashlib.sha256(text).hexdigest()[:32]}"'


def known(code: str, permission: Permission = Permission.VIEW) -> tuple[User, Stocktake]:
    """The user, who has this permission where the stocktake is; 404 where there is none."""
    found = query.stocktake(connection(), code[:64], services().remembered)
    if found is None:
        abort(404)
    return require(permission, found.stop), found


def view(code: str) -> View:
    """The stocktake with this id, for who asks."""
    user, count = known(code)
    return of(connection(), user, count)


def of(here: Connection, user: User, count: Stocktake) -> View:
    """``count`` as ``user`` may see it."""
    kept = query.kept(here, count.id)
    now = query.found(here, count, services().remembered) if may_see(user, count) else None
    result = kept[0].result if kept else now
    changed = stocktakes.changes(kept[-1].result, now) if kept and now is not None else []
    # A hub that was made anew from the log has no kept figures: they are told anew.
    missing = [] if result is None or count.approved is None else result.of(MISSING)
    return View(
        count=count,
        result=result,
        now=now,
        offered=[] if count.decided else query.offered(here, count),
        kept=kept,
        changes=changed,
        found_again=query.found_again(here, [line.item for line in missing]),
        hindrances=[]
        if result is None or count.decided
        else stocktakes.hindrances(count, result, user.id),
        unheard=[] if count.decided else _unheard(here, count),
    )


def _unheard(here: Connection, count: Stocktake) -> list[Unheard]:
    """Kiosks of the stop that may still hold what happened until the last place was counted."""
    ended = max((shelf.closed_t or 0 for shelf in count.shelves), default=0)
    if not ended:
        return []
    return [one for one in statements.unheard(here, ended) if one.stop == count.stop]


def may_see(user: User, count: Stocktake) -> bool:
    """Whether what is expected may be shown to ``user``."""
    if not count.blind or count.decided:
        return True
    return user.may(Permission.APPROVE_COUNT, count.stop) and user.id not in count.counters


def may_count(count: Stocktake) -> bool:
    """Whether the user may take part."""
    return signed_in_user().may(Permission.COUNT, count.stop)
