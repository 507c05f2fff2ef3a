"""What a release is made of: the commit and nothing else, the same bytes each time."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from provisioning.bootstrap.lock import parse_lock
from provisioning.release import archive, commit, sbom, wheels
from provisioning.release.__main__ import release
from provisioning.release.build import requirements
from provisioning.release.commit import ReleaseError
from provisioning.release.targets import PLANS
from provisioning.updates.bundle import is_release_id
from tests.support.processes import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
BUILD = (
    "import sys; from pathlib import Path; from provisioning.release import commit, wheels;"
    "root, into = Path(sys.argv[1]), Path(sys.argv[2]);"
    "c = commit.read(root, sys.argv[3]); commit.unpack(root, c, into / 'tree');"
    "print(wheels.own(into / 'tree', c, into / 'out'))"
)


def own_wheel(into: Path, revision: str, *, umask: int, **env: str) -> bytes:
    into.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(ROOT), str(into), revision],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        umask=umask,
        check=True,
    )
    return Path(done.stdout.strip()).read_bytes()


def test_our_own_wheel_is_the_same_in_any_folder_time_zone_and_umask(tmp_path: Path) -> None:
    head = commit.read(ROOT, "HEAD").name
    one = own_wheel(tmp_path / "one", head, umask=0o022, TZ="UTC")
    other = own_wheel(
        tmp_path / "a longer name",
        head,
        umask=0o077,
        TZ="Asia/Shanghai",
        LC_ALL="C",
        PYTHONHASHSEED="3",
    )
    assert one == other
    with zipfile.ZipFile(BytesIO(one)) as found:
        names = found.namelist()
    assert any(name.startswith("provisioning/updates/") for name in names)
    assert not [
        n for n in names if n.startswith(("provisioning/release", "provisioning/bootstrap"))
    ]
    assert not [n for n in names if n.startswith(("tests/", "bench/")) or "__pycache__" in n]


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def test_what_is_not_committed_stays_out(tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "kept").write_text("committed")
    git(folder, "add", "kept")
    git(folder, "commit", "--quiet", "-m", "x")
    assert commit.is_clean(folder)
    (folder / "kept").write_text("changed since")
    (folder / "stray").write_text("never added")
    assert not commit.is_clean(folder)
    found = commit.read(folder, "HEAD")
    commit.unpack(folder, found, tmp_path / "tree")
    assert (tmp_path / "tree" / "kept").read_text() == "committed"
    assert not (tmp_path / "tree" / "stray").exists()
    assert is_release_id(found.id("0.1.0"))
    with pytest.raises(ReleaseError):
        commit.read(folder, "no-such-commit")


def test_a_tar_of_the_same_files_is_the_same(tmp_path: Path) -> None:
    files = {"wheels/b": b"2", "a" * 120: b"long", "wheels/a": b"1"}
    archive.write(tmp_path / "one", b"m", b"s", files)
    archive.write(tmp_path / "two", b"m", b"s", dict(reversed(files.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def wheel(name: str, version: str, *more: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        lines = [f"Name: {name}", f"Version: {version}", *more, "", ""]
        made.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join(lines))
    return out.getvalue()


def test_the_list_of_parts_names_versions_hashes_licences_and_who_wants_whom() -> None:
    lock = parse_lock(
        "click==8.2 \\\n    --hash=sha256:00\n    # via yicang-stop (pyproject.toml)\n"
        "colour-names==1.0 \\\n    --hash=sha256:00\n    # via click\n"
    )
    found = {
        "yicang_stop.whl": wheel("yicang-stop", "0.1.0", "License-Expression: Apache-2.0"),
        "click.whl": wheel("click", "8.2", "Classifier: License :: OSI Approved :: BSD License"),
        "colour.whl": wheel("Colour_Names", "1.0", "License: " + "long " * 90),
    }
    source = commit.Commit("a" * 40, 1_795_000_000)
    pins = list(lock.values())
    raw = sbom.make("r", "0.1.0", source, found, pins)
    assert raw == sbom.make("r", "0.1.0", source, dict(reversed(found.items())), pins)
    document = json.loads(raw)
    parts = {part["name"]: part for part in document["components"]}
    assert parts["click"]["licenses"] == [{"license": {"name": "BSD License"}}]
    assert parts["yicang-stop"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert "licenses" not in parts["colour-names"], "a whole licence is no name of one"
    wanted = {row["ref"]: row["dependsOn"] for row in document["dependencies"]}
    assert wanted["yicang-release:r"] == ["pkg:pypi/yicang-stop@0.1.0"]
    assert wanted["pkg:pypi/yicang-stop@0.1.0"] == ["pkg:pypi/click@8.2"]
    assert wanted["pkg:pypi/click@8.2"] == ["pkg:pypi/colour-names@1.0"]
    other = json.loads(sbom.make("r2", "0.1.0", source, found, pins))
    assert other["serialNumber"] != document["serialNumber"]


def test_only_the_wheels_that_are_there_may_be_installed() -> None:
    lines = requirements({"b": wheel("b", "2"), "a": wheel("a", "1")}).decode().splitlines()
    assert [line.split(" ")[0] for line in lines] == ["a==1", "b==2"]
    assert all("--hash=sha256:" in line for line in lines)


@pytest.mark.parametrize("name", sorted(PLANS))
def test_every_target_has_what_its_extras_need_and_nothing_for_another_machine(name: str) -> None:
    plan = PLANS[name]
    names = {pin.name for pin in wheels.pins(ROOT, plan)}
    assert {"click", "msgspec", "paho-mqtt", "cryptography"} <= names
    assert not names & {"pytest", "mypy", "lgpio", "evdev"}
    assert ("evdev-binary" in names) == (plan.target.machine == "x86_64")
    assert ("sqlalchemy" in names) == ("hub" in plan.extras)


def test_a_key_is_made_once_and_both_languages_say_where_it_goes(tmp_path: Path) -> None:
    made = CliRunner().invoke(release, ["key", "--out", str(tmp_path)])
    assert made.exit_code == 0
    assert "私钥" in made.output
    assert "etc/yicang/release-keys" in made.output
    again = CliRunner().invoke(release, ["key", "--out", str(tmp_path)])
    assert again.exit_code == 1
    both = ["build", "--key", "a", "--signature", "b"]
    assert CliRunner().invoke(release, both).exit_code == 2
    unusable = CliRunner().invoke(release, ["build", "--key", str(tmp_path / "none")])
    assert unusable.exit_code == 1
    assert "this key cannot be used" in unusable.output
