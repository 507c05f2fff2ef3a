"""What a kiosk that was enrolled has on its disk: whom it trusts for what."""

from pathlib import Path

from msgspec.structs import replace

from contract.enrolling import encode
from kiosk.config import load
from kiosk.setup.flow import Progress
from kiosk.setup.settle import settle
from tests.support.fleet_keys import KEYS
from tests.support.setup_stories import AUTHORITY, ENROLLED, invitation

PROGRESS = Progress(
    invitation=encode(invitation()), keys=KEYS[1], authority=AUTHORITY, enrolled=ENROLLED
)
OTHER = AUTHORITY.replace("ours", "another")


def settled(folder: Path, progress: Progress) -> set[str]:
    """The authorities in the kiosk's folder."""
    folder.mkdir()
    settle(folder / "kiosk.toml", folder, progress, voice=False)
    return {path.name for path in folder.glob("*-ca.pem")}


def test_the_authority_of_broker_and_pages_is_kept_once(tmp_path: Path) -> None:
    assert settled(tmp_path / "kiosk", PROGRESS) == {"broker-ca.pem"}
    assert load(tmp_path / "kiosk/kiosk.toml").mqtt_tls_ca == str(tmp_path / "kiosk/broker-ca.pem")


def test_releases_are_fetched_by_the_authority_that_the_invitation_pinned(tmp_path: Path) -> None:
    enrolled = replace(ENROLLED, mqtt_ca=OTHER)
    names = settled(tmp_path / "kiosk", replace(PROGRESS, enrolled=enrolled))
    assert names == {"broker-ca.pem", "hub-ca.pem"}
    assert (tmp_path / "kiosk/broker-ca.pem").read_text() == OTHER
    assert (tmp_path / "kiosk/hub-ca.pem").read_text() == AUTHORITY
