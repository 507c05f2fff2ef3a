"""Reads the import rules off the source, without importing it.

The rules: `contract` imports none of the others; `drivers` neither kiosk nor hub; `kiosk` never
`hub`, nor the reverse; the command line imports either only inside a function, so that a kiosk
never loads a hub. Pure modules import nothing that reaches outside the process or asks the time,
and of the project only what is pure itself. Nothing is done at import, no global is rebound.
"""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, NamedTuple

PACKAGES: Final = ("contract", "drivers", "kiosk", "hub", "provisioning", "yicang")

FORBIDDEN: Final = {
    "contract": frozenset(PACKAGES) - {"contract"},
    "drivers": frozenset({"kiosk", "hub", "provisioning", "yicang"}),
    "kiosk": frozenset({"hub", "yicang"}),
    "hub": frozenset({"kiosk", "yicang"}),
    "provisioning": frozenset({"yicang"}),
    "yicang": frozenset(),
}

# Of the command line, only at the top: inside a function they are what it is for.
LAZY: Final = {"yicang": frozenset({"kiosk", "hub"})}

PURE: Final = (
    "contract/*",
    "drivers/ports.py",
    "drivers/papers.py",
    "drivers/patterns.py",
    "drivers/stage.py",
    "drivers/prompts.py",
    "drivers/wiring.py",
    "drivers/calibration.py",
    "drivers/configuration_check.py",
    "drivers/discovery.py",
    "drivers/discovery_printers.py",
    "drivers/guidance.py",
    "drivers/link_faults.py",
    "drivers/port_status.py",
    "drivers/profiles.py",
    "drivers/url_reader.py",
    "drivers/urls.py",
    "drivers/keymap.py",
    "drivers/scans.py",
    "kiosk/inputs.py",
    "kiosk/state.py",
    "kiosk/interpreter.py",
    "kiosk/told.py",
    "kiosk/workflow*",
    "kiosk/documents.py",
    "kiosk/lights.py",
    "kiosk/panel_settings.py",
    "kiosk/voice.py",
    "kiosk/relay.py",
    "kiosk/commands.py",
    "kiosk/print_recovery.py",
    "kiosk/questions.py",
    "kiosk/screen/decks.py",
    "kiosk/screen/lists.py",
    "kiosk/screen/modes.py",
    "kiosk/screen/offers.py",
    "kiosk/screen/practice.py",
    "kiosk/trial.py",
    "kiosk/tasks/scrub.py",
    "kiosk/tasks/step.py",
    "kiosk/tasks/result_page.py",
    "kiosk/watchdog.py",
    "hub/watchdog.py",
    "hub/fleet/canary.py",
    "hub/fleet/roll_out_states.py",
    "provisioning/hub_plan.py",
    "provisioning/marks.py",
    "provisioning/scanner_settings.py",
    "kiosk/texts/*",
    "kiosk/food_gate.py",
    "kiosk/update_hour.py",
    "kiosk/update_words.py",
    "provisioning/updates/names.py",
    "provisioning/updates/progress.py",
    "provisioning/updates/steps.py",
    "kiosk/retail*",
    "kiosk/setup/flow.py",
    "kiosk/setup/papers.py",
    "kiosk/setup/wifi.py",
    "kiosk/setup/words.py",
    "hub/folds/*",
    "hub/access/permissions.py",
    "hub/backup/retention.py",
    "hub/alerts/facts.py",
    "hub/alerts/judging.py",
    "hub/alerts/forms.py",
    "hub/alerts/life.py",
    "hub/alerts/limits.py",
    "hub/alerts/opening.py",
    "hub/alerts/rules.py",
    "hub/alerts/telling.py",
    "hub/alerts/words.py",
    "hub/fleet/urgency.py",
    "hub/reporting/statements.py",
    "hub/counts/stocktakes.py",
    "hub/counts/stocktake_lines.py",
    "hub/projections/tallies.py",
    "hub/reporting/charts.py",
    "hub/reporting/periods.py",
    "hub/reporting/reports.py",
    "hub/reporting/sparklines.py",
    "hub/stock/donation_rows.py",
    "hub/stock/reasons.py",
    "hub/stock/stock_actions.py",
    "hub/search_terms.py",
    "hub/typed.py",
    "hub/journey.py",
    "hub/privacy.py",
    "hub/statuses.py",
    "provisioning/plan.py",
    "provisioning/mosquitto.py",
    "provisioning/broker_access.py",
)

# A pure module whose `python -m` writes files: the command at its end may, nothing else does.
COMMANDS: Final = {"contract/__main__.py": frozenset({"sys", "pathlib"})}

# Whatever reaches outside the process, asks the time, or differs from one call to the next.
OUTSIDE: Final = frozenset(
    """
    aiohttp asyncio concurrent ctypes escpos evdev fcntl flask fileinput getpass glob gpiozero
    gunicorn http httpx importlib io iotcore locale logging mmap multiprocessing os paho
    pathlib platform psycopg pty queue random requests resource runpy sched secrets select
    selectors serial shelve shutil signal smtplib socket socketserver sqlalchemy sqlite3 ssl
    subprocess sys syslog tempfile termios threading time timeit tty urllib uuid waitress
    zoneinfo
    """.split()  # noqa: SIM905 - sixty quoted words would be harder to read
)
HARMLESS: Final = "urllib.parse"
"""Takes texts apart and asks nobody."""
CLOCKS: Final = frozenset({"now", "utcnow", "today"})
DOORS: Final = frozenset({"open", "print", "input", "breakpoint", "exec", "eval", "__import__"})


class Import(NamedTuple):
    """One import: the absolute module name, its line, and whether it is inside a function."""

    module: str
    line: int
    inside: bool


def is_pure(path: str) -> bool:
    """Tell whether the file (relative, with slashes) must be pure."""
    return any(fnmatch(path, pattern) for pattern in PURE)


def file_of(module: str, root: Path) -> str | None:
    """Return the relative file of a module of the project; None for a foreign one."""
    base = module.replace(".", "/")
    for candidate in (f"{base}.py", f"{base}/__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return None


def _for_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(tree: ast.AST, path: str, *, typing: bool = True) -> Iterator[Import]:
    """Yield every import of a file, relative ones resolved, `from a import b` as a and a.b.

    Without `typing`, those under TYPE_CHECKING are left out.
    """
    parts = path.removesuffix(".py").split("/")
    package = parts[:-1]

    def walk(node: ast.AST, inside: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, inside)
            elif isinstance(child, ast.ImportFrom):
                above = package[: len(package) - child.level + 1] if child.level else []
                base = ".".join([*above, *([child.module] if child.module else [])])
                yield Import(base, child.lineno, inside)
                for alias in child.names:
                    yield Import(f"{base}.{alias.name}", child.lineno, inside)
            elif typing or not _for_typing_only(child):
                function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, inside or function)

    yield from walk(tree, inside=False)


def _layer_faults(tree: ast.AST, path: str) -> Iterator[str]:
    package = path.partition("/")[0]
    for module, line, inside in imports(tree, path):
        target = module.partition(".")[0]
        if target in FORBIDDEN[package]:
            yield f"{path}:{line}: {package} imports {target}"
        if target in LAZY.get(package, ()) and not inside:
            yield f"{path}:{line}: {package} imports {target} outside a function"


def _purity_faults(tree: ast.AST, path: str, root: Path) -> Iterator[str]:
    allowed = COMMANDS.get(path, frozenset())
    for module, line, _ in imports(tree, path, typing=False):
        target = module.partition(".")[0]
        if target in OUTSIDE - allowed and not module.startswith(HARMLESS):
            yield f"{path}:{line}: pure module imports {target}"
        if target in PACKAGES:
            file = file_of(module, root)
            if file and not is_pure(file) and not file.endswith("__init__.py"):
                yield f"{path}:{line}: pure module imports {module}, which is not pure"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
            yield f"{path}:{node.lineno}: pure module asks the clock: {ast.unparse(called)}"
        if isinstance(called, ast.Name) and called.id in DOORS and not allowed:
            yield f"{path}:{node.lineno}: pure module calls {called.id}"


def _import_time_faults(tree: ast.Module, path: str) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.value.func).rpartition(".")[2]
            if name[:1].isupper():
                continue  # a declaration, such as SQLAlchemy's Index
            yield f"{path}:{node.lineno}: does something at import: {ast.unparse(node.value)}"
    for found in ast.walk(tree):
        if isinstance(found, ast.Global):
            yield f"{path}:{found.lineno}: rebinds a global: {', '.join(found.names)}"


def faults(source: str, path: str, root: Path) -> list[str]:
    """Return what a file breaks, a line each: `path` is relative to `root`, with slashes."""
    tree = ast.parse(source)
    found = [*_layer_faults(tree, path)]
    # Alembic runs a migration environment by importing it: that is its interface.
    if path != "hub/migrations/env.py":
        found += _import_time_faults(tree, path)
    if is_pure(path):
        found += _purity_faults(tree, path, root)
    return sorted(set(found))
