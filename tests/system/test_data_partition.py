"""A kiosk on a card whose system is never written, with its data on a partition of its own."""

import os
import subprocess
from pathlib import Path

from tests.support import people
from tests.support.namespaces import OWN_MOUNTS, needs_mounts
from tests.support.processes import run, until
from tests.support.site import Kiosk, Site
from tests.system.test_refusing import saved

pytestmark = needs_mounts


def partitioned(site: Site) -> tuple[Kiosk, Path]:
    """A kiosk whose state belongs on a partition, at a folder that is empty so far."""
    data = site.data / "kiosk" / "partition"
    data.mkdir()
    kiosk = site.kiosk(state_dir=str(data / "state"), data_mount=str(data), min_free_mb=2)
    return kiosk, data


def mounting(site: Site, data: Path) -> str:
    identity = site.data / "kiosk" / "identity.json"
    return (
        f"mount -t tmpfs -o size=48m none '{data}' && mkdir '{data}/state' &&"
        f" cp '{identity}' '{data}/state'"
    )


def test_a_kiosk_works_while_nothing_but_its_partition_can_be_written(site: Site) -> None:
    kiosk, data = partitioned(site)
    script = (
        f"{mounting(site, data)} && mount -t tmpfs none /dev/shm &&"
        " mount --bind / / && mount -o remount,bind,ro / &&"
        ' ! touch /written 2>/dev/null && exec "$@"'
    )
    kiosk.start(
        wrapper=[*OWN_MOUNTS, "sh", "-c", script, "sh"], env={"PYTHONDONTWRITEBYTECODE": "1"}
    )
    until("it saves", lambda: saved(kiosk, next(people.category_cards())))
    kiosk.wait_acknowledged()


def test_a_kiosk_without_its_partition_refuses_and_goes_on_when_it_comes(site: Site) -> None:
    kiosk, data = partitioned(site)
    kiosk.start(wrapper=[*OWN_MOUNTS, "sh", "-c", 'exec "$@"', "sh"])
    process = kiosk.process
    assert process is not None
    assert "the data partition is not mounted" in process.text()
    assert not (data / "state").exists()  # nothing in the empty folder
    words = ["nsenter", "-t", str(process.pid), "-m"]
    if os.geteuid() != 0:
        words += ["-U", "--preserve-credentials"]
    subprocess.run([*words, "sh", "-c", mounting(site, data)], check=True, timeout=10)
    until("the kiosk goes on", lambda: "is ready, journal" in process.text())


def test_a_partition_that_the_journal_is_not_on_is_named(site: Site) -> None:
    kiosk = site.kiosk(data_mount="/somewhere/else")
    told = run("kiosk", "run", "--config", str(kiosk.folder / "kiosk.toml"))
    assert told.returncode == 2
    assert "data_mount: 应在 state_dir 之上 / is not above state_dir" in told.stderr
