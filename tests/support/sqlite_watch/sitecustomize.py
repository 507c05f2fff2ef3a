"""Loaded by every Python that starts with this directory in PYTHONPATH: writes down as what each
SQLite database is opened, with process and command line, before it is."""

import json
import os
import sys

LOG = "YICANG_SQLITE_WATCH"


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event != "sqlite3.connect":
        return
    line = {"process": os.getpid(), "words": sys.argv[1:], "address": str(arguments[0])}
    with open(os.environ[LOG], "a", encoding="utf-8") as log:  # noqa: PTH123 (pathlib is heavier)
        log.write(json.dumps(line) + "\n")


if LOG in os.environ:
    sys.addaudithook(_watch)
