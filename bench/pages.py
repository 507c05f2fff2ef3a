"""Every page of the hub against an empty Flask page, both through gunicorn, by turns.

The hub runs as it does in earnest (``yicang hub serve``: one gthread worker that also ingests)
over a made-up city's year; somebody who may see everything is signed in. Which pages there are is
read from the application's routes, so that a new page is measured without being named here; only
what its arguments may be is (`bench.pages_site.samples`). Four connections ask at once.

``python -m bench.pages --larger 2000000`` measures a second hub with so many events as well, and
holds each page to 1.5 times the first one's time: the same thirty stops in a year ten times as
busy, where ten times as much also stands on the shelves; with ``--years 10`` the same stops after
ten such years, where only the log is longer. ``bench.growth`` says what takes a page longer.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flask import Flask
from msgspec import Struct

from bench.http_load import Connection, burst, get, percentile
from bench.pages_site import fill, routes, samples, served, sign_in

RATIO_GOAL: Final = 0.4
P99_GOAL_MS: Final = 300.0
SLOWER_GOAL: Final = 1.5
EVENTS: Final = 200_000
STOPS: Final = 30
ROUNDS: Final = 3
SECONDS: Final = 0.4
LEAST: Final = 20
FRESH: Final = 15
"""Requests at least in each round, and those that are made anew: p99 of a slow page needs some."""

NO_PAGES: Final = re.compile(
    r"^/(static|api|healthz)\b|\.(csv|xlsx|pdf|png|svg|json|js)$|^/phone/|^/boxes/open|^/login|/live$"
)
"""Files, the API and what a script asks for: no pages. Signed in, ``/login`` is none either."""


class Measured(Struct):
    """One page: answers a second of it and of the empty page, its slowest percent, its size.

    ``fresh_ms`` is what making it takes (median, one at a time), ``rate`` includes answers that are
    given again (`hub.web.page_cache`).
    """

    rule: str
    path: str
    rate: float
    floor: float
    fresh_ms: float
    p99_ms: float
    size: int
    status: int

    @property
    def ratio(self) -> float:
        """Ours / floor."""
        return self.rate / self.floor

    @property
    def met(self) -> bool:
        """Whether it keeps to both goals."""
        return self.ratio >= RATIO_GOAL and self.p99_ms < P99_GOAL_MS


def rules(app: Flask) -> list[str]:
    """The routes of all pages."""
    found = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    return sorted(rule for rule in found if not NO_PAGES.search(rule))


def measure(data: Path, folder: Path, only: str) -> tuple[list[Measured], list[str]]:
    """Every page of the hub in ``data`` whose address matches ``only``; and what has no sample."""
    wanted = rules(routes(data))
    addresses = samples(data, wanted)
    with served(data, folder) as (floor_port, hub_port):
        cookies = sign_in(hub_port)
        found = [
            _measure(rule, path, floor_port, hub_port, cookies)
            for rule, path in sorted(addresses.items())
            if re.search(only, path)
        ]
    unknown = [rule for rule in wanted if rule not in addresses]
    return [page for page in found if page is not None], unknown


def _measure(
    rule: str, path: str, floor_port: int, hub_port: int, cookies: dict[str, str]
) -> Measured | None:
    """None for an address that only points elsewhere, or whose time has not come."""
    request, empty = get(path, cookies), get("/", {})
    connection = Connection(hub_port)
    first = connection.ask(request)
    if first.status in (301, 302, 303, 307, 308, 409):
        return None
    latencies: list[float] = []
    for number in range(FRESH):
        asked = get(path, cookies, f"zh, en;q=0.{number % 10}, x-{number}")  # never asked before
        begun = time.perf_counter()
        connection.ask(asked)
        latencies.append(time.perf_counter() - begun)
    connection.close()
    fresh = percentile(latencies, 50)
    rates: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        floor = burst(floor_port, empty, SECONDS)
        ours = burst(hub_port, request, SECONDS, LEAST)
        rates.append((ours.rate, floor.rate))
        latencies += ours.latencies
    ours_rate, floor_rate = sorted(rates, key=lambda pair: pair[0] / pair[1])[ROUNDS // 2]
    return Measured(
        rule,
        path,
        ours_rate,
        floor_rate,
        fresh * 1000,
        percentile(latencies, 99) * 1000,
        len(first.body),
        first.status,
    )


def _print(pages: list[Measured]) -> bool:
    print(
        f"  {'page':<44}{'floor/s':>8}{'ours/s':>8}{'ratio':>7}{'fresh':>8}{'p99 ms':>8}{'kB':>6}"
    )
    reached = True
    for page in sorted(pages, key=lambda page: page.ratio):
        fits = page.met and page.status == 200
        reached = reached and fits
        print(
            f"  {page.path[:43]:<44}{page.floor:>8.0f}{page.rate:>8.0f}{page.ratio:>7.2f}"
            f"{page.fresh_ms:>8.1f}{page.p99_ms:>8.1f}{page.size / 1000:>6.0f}"
            + ("" if page.met else "  MISSED")
            + ("" if page.status == 200 else f"  answered with {page.status}")
        )
    print(
        f"  goals: ratio at least {RATIO_GOAL}, p99 below {P99_GOAL_MS:g} ms; fresh: to make it, ms"
    )
    return reached


def _print_larger(before: list[Measured], after: list[Measured]) -> bool:
    by_route = {page.rule: page for page in before}
    print(f"  {'page':<44}{'time, fewer':>13}{'time, more':>12}{'times':>7}")
    reached = True
    for page in after:
        first = by_route.get(page.rule)
        if first is None:
            continue
        # Each against the empty page of its own run: a machine's own speed cancels out.
        times = page.fresh_ms * page.floor / (first.fresh_ms * first.floor)
        met = times <= SLOWER_GOAL
        reached = reached and met
        print(
            f"  {page.path[:43]:<44}{first.fresh_ms:>10.1f} ms{page.fresh_ms:>9.1f} ms{times:>7.2f}"
            + ("" if met else "  MISSED")
        )
    print(f"  goal: at most {SLOWER_GOAL} times as long, held against the empty page each time")
    return reached


def larger_in(data: Path, events: int, years: int) -> Path:
    """Where the hub with more events is kept."""
    return data / f"hub-{events}{f'-{years}-years' if years > 1 else ''}"


def run(
    events: int = EVENTS,
    larger: int = 0,
    data: Path | None = None,
    only: str = "",
    years: int = 1,
) -> bool:
    """Measure and print; whether every page reached its goals."""
    with _folder(data) as folder:
        print(f"  {events} events, {STOPS} stops:", flush=True)
        first = folder / f"hub-{events}"
        fill(first, STOPS, events)
        pages, unknown = measure(first, folder, only)
        reached = _print(pages)
        for route in unknown:
            print(f"  {route}: no sample for its arguments (bench/pages_site.py)")
        reached = reached and not unknown
        if larger:
            print(f"  {larger} events in {years} years:", flush=True)
            second = larger_in(folder, larger, years)
            fill(second, STOPS, larger, years)
            more, _ = measure(second, folder, only)
            _print(more)
            reached = _print_larger(pages, more) and reached
        return reached


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data
    else:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            yield Path(name)


def main(arguments: list[str]) -> int:
    """``python -m bench.pages``; 0 when every goal was reached."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--larger", type=int, default=0, metavar="EVENTS")
    parser.add_argument("--years", type=int, default=1, help="how many the larger one is of")
    parser.add_argument("--data", type=Path, help="keep the hubs here, and use them again")
    parser.add_argument("--only", default="", help="a pattern for addresses")
    given = parser.parse_args(arguments)
    return 0 if run(given.events, given.larger, given.data, given.only, given.years) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
