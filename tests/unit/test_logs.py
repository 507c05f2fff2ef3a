"""No bearer token gets into a log, by whichever library's hand."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract.codes import Kind, claim_text, token_code
from tests.support.processes import ROOT
from yicang.logs import FORMAT, JsonFormatter, TokenFreeFormatter

SECRETS = {
    "claim": f"GET /c/{claim_text(bytes(range(10)))} failed",
    "person": f"bad value {token_code(Kind.PERSON, bytes(range(10)))}",
    "family": f"bad value {token_code(Kind.FAMILY, bytes(range(10))).lower()}!",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_token_in_a_message_or_a_traceback_is_taken_out(kind: str) -> None:
    text = SECRETS[kind]
    secret = max(text.replace("/", " ").rstrip("!").split(), key=len)
    try:
        raise ValueError(text)
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "x.py", 1, "%s", (text,), (ValueError, error, error.__traceback__)
        )
    written = TokenFreeFormatter(FORMAT).format(record)
    assert secret not in written
    assert "[...]" in written
    assert "Traceback" in written


def test_item_codes_and_hashes_stay_readable() -> None:
    text = "G7K2M000017 " + "ab12" * 16 + " /t/G7K2M000017 kiosk-1.0123456789abcdef.7"
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, text, None, None)
    assert text in TokenFreeFormatter(FORMAT).format(record)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_token_is_taken_out_of_json_too(kind: str) -> None:
    secret = max(SECRETS[kind].replace("/", " ").rstrip("!").split(), key=len)
    try:
        raise ValueError(SECRETS[kind])
    except ValueError as error:
        exc = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "%s", (SECRETS[kind],), exc)
    line = JsonFormatter(priority=False).format(record)
    assert secret not in line
    assert "[...]" in json.loads(line)["exception"]


SPEAK = """
import logging
from yicang.logs import install
install(logging.INFO)
logging.getLogger("hub").warning("two\\nlines %s", "纸")
logging.getLogger("hub").info("quiet")
"""


@pytest.mark.parametrize("mine", [True, False])
def test_the_journal_gets_a_line_of_json_for_each_record_and_people_get_text(
    tmp_path: Path, mine: bool
) -> None:
    with (tmp_path / "stream").open("wb") as stream:
        there = os.fstat(stream.fileno())
        told = f"{there.st_dev}:{there.st_ino if mine else 1}"
        environment = {**os.environ, "JOURNAL_STREAM": told, "PYTHONIOENCODING": "utf-8"}
        subprocess.run([sys.executable, "-c", SPEAK], stderr=stream, env=environment, check=True)
    lines = (tmp_path / "stream").read_text(encoding="utf-8").splitlines()
    if mine:
        assert [line[:3] for line in lines] == ["<4>", "<6>"]
        first = json.loads(lines[0][3:])
        assert (first["level"], first["logger"]) == ("warning", "hub")
        assert first["message"] == "two\nlines 纸"
    else:
        assert "WARNING hub: two" in lines[0]


CRASH = """
import sys, threading
import click
from yicang import __main__ as program

WIFI = "WIFI:T:WPA;S:home;P:correct horse;;"

def scanned(text):
    return int(text)

def crash():
    try:
        scanned(WIFI)
    except ValueError as error:
        raise KeyError(WIFI) from error

@click.command()
@click.argument("where")
def command(where):
    if where == "thread":
        thread = threading.Thread(target=crash, name="hub-alarms")
        thread.start()
        thread.join()
    elif where == "record":
        import logging
        logging.getLogger("hub").error("%d of %s", WIFI, "x")
    elif where == "disk":
        open("/nowhere/" + WIFI)
    else:
        crash()

program.COMMANDS["crash"] = program.Lazy("__main__:command", program.Words("", ""))
program.main()
"""


def crashed(*words: str) -> subprocess.CompletedProcess[str]:
    """The program, with a command that does not work."""
    return subprocess.run(
        [sys.executable, "-c", CRASH, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("where", "status", "kinds"),
    [
        ("process", 1, ["ValueError", "KeyError"]),
        ("thread", 0, ["ValueError", "KeyError"]),
        ("record", 0, ["TypeError"]),
        ("disk", 1, ["FileNotFoundError"]),
    ],
)
def test_what_nobody_catches_is_one_line_of_json_that_holds_nothing_that_was_scanned(
    where: str, status: int, kinds: list[str]
) -> None:
    done = crashed("--log-format", "json", "crash", where)
    assert done.returncode == status, done.stderr
    assert "correct horse" not in done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert told["message"]
    exception = told["exception"]
    for kind in kinds:
        assert re.search(rf"^{kind}(: 2 No such file or directory)?$", exception, re.MULTILINE)
    assert 'File "' in exception, "where it was thrown"
    if where == "thread":
        assert told["level"] == "critical"
        assert "hub-alarms" in told["message"]


def test_a_person_at_a_terminal_sees_pythons_own_words() -> None:
    done = crashed("--log-format", "text", "crash", "process")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("KeyError: ")


def test_the_journal_gets_what_goes_wrong_before_the_command_line_was_read(tmp_path: Path) -> None:
    script = CRASH.replace('"__main__:command"', '"json:no_such_command"')
    with (tmp_path / "stream").open("wb") as stream:
        there = os.fstat(stream.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}
        subprocess.run(
            [sys.executable, "-c", script, "crash", "x"],
            stderr=stream,
            env=environment,
            cwd=ROOT,
            check=False,
        )
    (line,) = (tmp_path / "stream").read_text(encoding="utf-8").splitlines()
    assert line.startswith("<2>")
    assert "AttributeError: module 'json' has no attribute" in json.loads(line[3:])["exception"]
