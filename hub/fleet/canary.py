"""Whether kiosks work worse since they run a release: a function of counts, and nothing else.

A release may start, reach the hub, find its scanner and printer, and still be bad: it refuses
what it took yesterday, or prints what no scanner reads. No check at the start sees that. People's
scans do, if somebody counts.

Rules
-----
* **Three measures**, each a share: scans that came to nothing, labels that nobody knows to be
  well on their item (or that were asked for again), and goods for which no label came out at all.
* **Two comparisons.** With the same kiosks before, and with the kiosks now that do not have the
  release. A build is blamed only when it is worse than both, as far as both can be known: a new
  sort of goods that nobody's scanner reads makes all stops worse, and is no build's fault; a stop
  that was always worse than the others is none, either.
* **Small samples prove nothing.** Nothing is said below `MIN_TRIALS` after, `MIN_BAD` failures
  among them, and `MIN_BASE` on the other side. Then one-sided Fisher's exact test on the table of
  two by two (R. A. Fisher, The Design of Experiments, 1935, chapter II), which is exact for any
  size; and the difference must matter: `MIN_RISE` more, and `MIN_FACTOR` times as many.
* **Looking often must not alarm.** A test that is made anew at each look ends by finding something
  (P. Armitage, C. K. McPherson, B. C. Rowe, Repeated significance tests on accumulating data,
  J. R. Stat. Soc. A 132, 1969). So one looks again only when there is half as much again to look
  at, and the n-th look spends the share 6 / (pi^2 n^2) of `ALPHA`; all of them together spend no
  more than it (Bonferroni; the shares add up to 1).
* **All together, and each alone.** A build that fails with one sort of printer shows at its kiosk
  and drowns in the sum. The share of a look is divided among the sum and the kiosks.

* **Failures come in clumps.** Whoever shows the wrong card does it three times, so that scans are
  not independent, and a test that takes them for that alarms too often (measured: in 8 % of good
  roll-outs). All counts are divided by `CLUMP` before they are compared, the design effect of
  clusters of that size (J. N. K. Rao, A. J. Scott, A simple method for the analysis of clustered
  binary data, Biometrics 48, 1992).

A test measures how often a good build alarms, and that bad ones do.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

SCANS: Final = "scans"
LABELS: Final = "labels"
UNLABELLED: Final = "unlabelled"
MEASURES: Final = (SCANS, LABELS, UNLABELLED)

MIN_TRIALS: Final = 30
MIN_BAD: Final = 8
MIN_BASE: Final = 50
MIN_RISE: Final = 0.10
MIN_FACTOR: Final = 1.5
ALPHA: Final = 0.01
"""Of one measure in one roll-out, over all looks, were each scan a throw of its own."""
CLUMP: Final = 3
"""How many scans in a row one thing may spoil."""
AGAIN: Final = 1.5
"""How much more there must be before one looks again."""


class Counts(Struct, frozen=True):
    """What kiosks did. ``good`` and ``bad`` scans; labels that were ``due``, of which so many were
    seen ``well`` on their item and so many came ``out`` of a printer; ``again``: prints that were
    asked for once more."""

    good: int = 0
    bad: int = 0
    due: int = 0
    well: int = 0
    out: int = 0
    again: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            *(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__)
        )

    def share(self, measure: str) -> "Share":
        """Failures among trials."""
        if measure == SCANS:
            return Share(self.bad, self.good + self.bad)
        if measure == LABELS:
            return Share(max(0, self.due - self.well) + self.again, self.due + self.again)
        return Share(max(0, self.due - self.out), self.due)


class Share(Struct, frozen=True):
    """``bad`` of ``trials``."""

    bad: int
    trials: int

    @property
    def rate(self) -> float:
        """0 where nothing was tried."""
        return self.bad / self.trials if self.trials else 0.0

    @property
    def without_clumps(self) -> "Share":
        """As many as there would be if each clump counted once."""
        return Share(self.bad // CLUMP, self.trials // CLUMP)


class Look(Struct, frozen=True):
    """How often one has looked at something, and at how many trials the last time."""

    number: int = 0
    trials: int = 0


Looks = Mapping[str, Look]
"""By measure and kiosk: ``scans``, ``scans:kiosk-1``."""


class Drift(Struct, frozen=True):
    """A measure that is worse; ``kiosk`` is empty for all together. ``before`` and ``others`` are
    None where there was too little to compare with."""

    measure: str
    kiosk: str
    now: Share
    before: Share | None
    others: Share | None
    p: float


def judge(
    now: Mapping[str, Counts],
    before: Mapping[str, Counts],
    others: Counts,
    looks: Looks,
) -> tuple[list[Drift], dict[str, Look]]:
    """What is worse, and the looks to hand in next time. ``now`` is what each kiosk did since it
    runs the release, ``before`` what it did until then, ``others`` what those without it did
    meanwhile."""
    found: list[Drift] = []
    after = dict(looks)
    chosen: Sequence[tuple[str, list[str]]] = [
        ("", sorted(now)),
        *((kiosk, [kiosk]) for kiosk in sorted(now) if len(now) > 1),
    ]
    for measure in MEASURES:
        for kiosk, of in chosen:
            key = f"{measure}:{kiosk}" if kiosk else measure
            seen = looks.get(key, Look())
            here = sum((now[one] for one in of), Counts()).share(measure)
            if here.trials < max(MIN_TRIALS, math.ceil(seen.trials * AGAIN)):
                continue
            look = Look(seen.number + 1, here.trials)
            after[key] = look
            base = sum((before.get(one, Counts()) for one in of), Counts()).share(measure)
            drift = _compare(measure, kiosk, here, base, others.share(measure), look, len(chosen))
            if drift is not None:
                found.append(drift)
    return found, after


def _compare(
    measure: str, kiosk: str, now: Share, before: Share, others: Share, look: Look, among: int
) -> Drift | None:
    bases = [one if one.trials >= MIN_BASE else None for one in (before, others)]
    known = [one for one in bases if one is not None]
    if not known or now.bad < MIN_BAD:
        return None
    level = ALPHA * 6 / (math.pi**2 * look.number**2) / among
    p = max(fisher(now.without_clumps, one.without_clumps) for one in known)
    matters = all(
        now.rate - one.rate >= MIN_RISE and now.rate >= MIN_FACTOR * one.rate for one in known
    )
    if p > level or not matters:
        return None
    return Drift(measure, kiosk, now, bases[0], bases[1], p)


def fisher(now: Share, base: Share) -> float:
    """How likely at least so many of the failures of both would fall to ``now`` by chance alone:
    the upper tail of the hypergeometric distribution."""
    bad, trials = now.bad + base.bad, now.trials + base.trials
    whole = _log_choose(trials, now.trials)
    tail = 0.0
    for k in range(now.bad, min(bad, now.trials) + 1):
        term = _log_choose(bad, k) + _log_choose(trials - bad, now.trials - k) - whole
        tail += math.exp(term)
    return min(1.0, tail)


def _log_choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
