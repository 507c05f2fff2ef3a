"""What systemd hears of a hub and of a kiosk: ready, alive as long as they are, stopping."""

import os
import signal
from pathlib import Path

from kiosk.loop import LOOK_MS
from tests.support.notify import NotifySocket
from tests.support.processes import Yicang, until
from tests.support.site import Site

LONGER_S = LOOK_MS / 1000 * 1.5
"""In this time a kiosk that turns has fed the watchdog."""


def test_a_kiosk_is_ready_is_fed_while_its_loop_turns_and_says_that_it_stops(
    site: Site, tmp_path: Path
) -> None:
    kiosk = site.kiosk()
    with NotifySocket(tmp_path / "notify") as manager:
        kiosk.start(env=manager.environment)
        until("it is ready", lambda: "READY=1" in manager.listen())
        assert manager.feeds_within(30)
        assert manager.feeds_within(30)
        assert kiosk.process is not None
        os.kill(kiosk.process.pid, signal.SIGSTOP)
        manager.listen()
        assert not manager.feeds_within(LONGER_S)
        os.kill(kiosk.process.pid, signal.SIGCONT)
        assert manager.feeds_within(30)
        kiosk.stop()
        assert manager.listen()[-1] == "STOPPING=1"


def test_a_hub_is_ready_only_when_its_worker_is_and_is_fed_from_then_on(
    site: Site, tmp_path: Path
) -> None:
    site.stop_hub()
    with NotifySocket(tmp_path / "notify") as manager:
        words = ("hub", "serve", "--data", str(site.data))
        with Yicang(*words, env={**os.environ, **manager.environment}) as hub:
            until("it is ready", lambda: "READY=1" in manager.listen())
            hub.wait_for("the hub is ready")
            until("it is fed", manager.fed)
        assert not [line for line in manager.listen() if "gunicorn" in line.lower()]
