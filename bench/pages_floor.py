"""The floor of `bench.pages`: an empty Flask page, served by gunicorn as the hub is."""

import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from hub.serve import THREADS


class Empty(BaseApplication):
    """One gthread worker with the hub's number of threads."""

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()  # type: ignore[no-untyped-call]

    def load_config(self) -> None:
        server: Any = self.cfg
        for name, value in {
            "bind": f"127.0.0.1:{self._port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "keepalive": 15,
            "accesslog": None,
            "control_socket_disable": True,
        }.items():
            server.set(name, value)

    def load(self) -> Flask:
        app = Flask("empty")
        app.add_url_rule("/", view_func=lambda: "")
        app.add_url_rule("/healthz", "healthz", view_func=lambda: "ok")
        return app


if __name__ == "__main__":
    Empty(int(sys.argv[1])).run()  # type: ignore[no-untyped-call]
