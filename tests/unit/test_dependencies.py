"""What we depend on is pinned, explained, and taken from nowhere in particular."""

import re
import tomllib
from pathlib import Path

from provisioning.bootstrap.environment import PIP_WHEEL
from provisioning.bootstrap.lock import canonical, direct, parse_lock

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text()
LOCK = (ROOT / "requirements.lock").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = ("", "build", *PYPROJECT["project"]["optional-dependencies"])
DIRECT = {name for extra in EXTRAS for name in direct(PYPROJECT, extra)}


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table rows under headings that match, by canonical first cell."""
    found: dict[str, list[str]] = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        if not re.match(heading, section):
            continue
        for line in section.splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if line.startswith("| ") and cells[0] not in ("package", "what"):
                found[canonical(cells[0])] = cells[1:]
    return found


def test_every_direct_dependency_is_explained_with_licence_and_reason() -> None:
    explained = rows("Always|`")
    assert set(explained) == DIRECT
    for name, cells in explained.items():
        assert len(cells) == 3, name
        assert len(cells[2]) > 15, f"{name}: no reason given"


def test_every_direct_dependency_is_pinned_with_a_hash() -> None:
    assert set(parse_lock(LOCK)) >= DIRECT


def test_the_lock_fits_the_versions_that_the_project_asks_for() -> None:
    from packaging.requirements import Requirement

    pinned = dict(re.findall(r"^([a-z0-9.-]+)==([^ ]+)", LOCK, flags=re.MULTILINE))
    project = PYPROJECT["project"]
    asked = [*project["dependencies"], *PYPROJECT["build-system"]["requires"]]
    for extra in project["optional-dependencies"].values():
        asked += extra
    for requirement in map(Requirement, asked):
        version = pinned[canonical(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} but {version} is locked"


def test_the_lock_names_no_place_to_download_from() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*-", LOCK.replace("--hash=", "hash="), flags=re.MULTILINE)


def test_the_page_names_the_pip_that_comes_along() -> None:
    version = PIP_WHEEL.name.split("-")[1]
    assert f"| pip {version} |" in PAGE


def test_what_is_brought_along_is_where_the_page_says() -> None:
    for name, cells in rows("Brought along").items():
        folder = ROOT / cells[0].strip("`")
        assert folder.is_dir(), name
        assert any(folder.iterdir()), name
