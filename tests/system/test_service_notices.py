"""What systemd hears of a hub and of a kiosk: ready, alive as long as they are, stopping."""

import os
import signal
from pathlib import Path

from tests.support.notify import NotifySocket
from tests.support.processes import Yicang, until
from tests.support.site import Site


def test_a_kiosk_is_ready_is_fed_while_its_loop_turns_and_says_that_it_stops(
    site: Site, tmp_path: Path
) -> None:
    kiosk = site.kiosk()
    with NotifySocket(tmp_path / "notify") as manager:
        kiosk.start(env=manager.environment)
        until("it is ready", lambda: "READY=1" in manager.listen())
        assert manager.feeds_within(5)
        assert manager.feeds_within(5)
        assert kiosk.process is not None
        os.kill(kiosk.process.pid, signal.SIGSTOP)
        manager.listen()
        assert not manager.feeds_within(5)
        os.kill(kiosk.process.pid, signal.SIGCONT)
        assert manager.feeds_within(5)
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
