"""A bundle is used only if a trusted person signed exactly this."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from provisioning.updates import keys, venvs
from provisioning.updates.bundle import Bundle, BundleError, Target, is_older, parse_manifest
from provisioning.updates.commands import update
from tests.support.releases import FILES, HERE, NEW, PYTHON, Signer, bundle, manifest


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "person")


def read(path: Path, signer: Signer) -> dict[str, bytes]:
    verify = keys.verifier(keys.load_public(signer.folder))
    with path.open("rb") as file, Bundle(file, verify) as opened:
        return {name: b"".join(chunks) for name, chunks in opened.files()}


def rewritten(path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> Path:
    """The bundle with its members changed by somebody on the way."""
    with tarfile.open(path) as tar:
        members = [(one, (tar.extractfile(one) or io.BytesIO()).read()) for one in tar.getmembers()]
    change(members)
    other = path.with_name("changed.yrel")
    with tarfile.open(other, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    return other


def test_what_was_signed_comes_out_as_it_went_in(tmp_path: Path, signer: Signer) -> None:
    assert read(bundle(tmp_path / "a.yrel", signer, 1), signer) == FILES


def test_one_bit_anywhere_is_noticed(tmp_path: Path, signer: Signer) -> None:
    whole = bundle(tmp_path / "a.yrel", signer, 1)
    content = whole.read_bytes()
    end = content.rindex(b"/bin/true") + 20
    words = set()
    for at in range(0, end, 37):
        changed = bytearray(content)
        changed[at] ^= 1
        whole.write_bytes(changed)
        try:
            assert read(whole, signer) == FILES, "another content was taken for the signed one"
        except BundleError as error:
            words.add(error.word)
    assert {"damaged", "signature"} <= words
    assert words <= {"damaged", "signature", "unsigned", "manifest", "foreign-key"}


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_half_a_bundle_is_no_bundle(tmp_path: Path, signer: Signer, part: float) -> None:
    whole = bundle(tmp_path / "a.yrel", signer, 1, {"wheels/big.whl": b"x" * 50_000})
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(BundleError) as refused:
        read(whole, signer)
    assert refused.value.word == "damaged"


def test_a_strangers_signature_and_none_at_all_are_told_apart(
    tmp_path: Path, signer: Signer
) -> None:
    foreign = bundle(tmp_path / "a.yrel", Signer(tmp_path / "stranger"), 1)
    with pytest.raises(BundleError, match="not trusted here"):
        read(foreign, signer)

    def unsign(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members[1] = (members[1][0], b"{}\n")

    with pytest.raises(BundleError, match="is not signed"):
        read(rewritten(foreign, unsign), signer)


def test_a_file_that_the_manifest_does_not_name_is_refused(tmp_path: Path, signer: Signer) -> None:
    def add(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members.append((tarfile.TarInfo("zzz"), b"more"))

    with pytest.raises(BundleError, match="more than the manifest names"):
        read(rewritten(bundle(tmp_path / "a.yrel", signer, 1), add), signer)


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path, signer: Signer) -> None:
    def link(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        member = tarfile.TarInfo(members[2][0].name)
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members[2] = (member, b"")

    with pytest.raises(BundleError) as refused:
        read(rewritten(bundle(tmp_path / "a.yrel", signer, 1), link), signer)
    assert refused.value.word == "damaged"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "wheels/../x", "a//b", ".x"])
def test_even_a_trusted_person_cannot_write_outside_of_the_release(
    tmp_path: Path, signer: Signer, name: str
) -> None:
    with pytest.raises(BundleError) as refused:
        read(bundle(tmp_path / "a.yrel", signer, 1, {name: b"x"}), signer)
    assert refused.value.word == "manifest"


def test_a_signature_over_something_else_is_none_over_a_manifest(
    tmp_path: Path, signer: Signer
) -> None:
    raw = manifest(1, dict(FILES)).to_json()
    private = keys.load_private(signer.private)
    signature = replace(keys.sign(raw, private), value=private.sign(raw))
    verify = keys.verifier(keys.load_public(signer.folder))
    with pytest.raises(BundleError, match="does not fit"):
        verify(raw, signature)


def test_versions_count_as_numbers_and_then_the_time_of_the_commit() -> None:
    one = manifest(0, dict(FILES))
    later = manifest(1, dict(FILES))
    assert is_older(one, later)
    assert not is_older(one, one)
    assert is_older(replace(later, version="0.9.0"), replace(one, version="0.10.0"))
    assert parse_manifest(one.to_json()) == one


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, machine="riscv64"),
        replace(HERE, python="cp39"),
        replace(HERE, libc=(2, 999)),
    ],
)
def test_a_bundle_for_another_machine_is_refused(other: Target) -> None:
    found = venvs.here(PYTHON)
    venvs.check_fits(HERE, found)
    with pytest.raises(BundleError, match="made for") as refused:
        venvs.check_fits(other, found)
    assert refused.value.word == "target"


def test_the_command_says_in_both_languages_what_is_wrong(tmp_path: Path, signer: Signer) -> None:
    whole = bundle(tmp_path / "a.yrel", signer, 1)
    good = CliRunner().invoke(update, ["check", str(whole), "--keys", str(signer.folder)])
    assert good.exit_code == 0
    assert f"the signature holds: {NEW}" in good.output
    told = CliRunner().invoke(update, ["check", str(whole), "--keys", str(signer.folder), "--json"])
    assert json.loads(told.output)["release"] == NEW
    empty = tmp_path / "none"
    empty.mkdir()
    bad = CliRunner().invoke(update, ["check", str(whole), "--keys", str(empty)])
    assert bad.exit_code == 1
    assert "不在受信任之列" in bad.output
    assert "not trusted here" in bad.output


def test_a_key_file_is_never_overwritten(tmp_path: Path, signer: Signer) -> None:
    before = signer.private.read_bytes()
    assert signer.private.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        keys.make(signer.private, tmp_path / "other.pem")
    assert signer.private.read_bytes() == before
