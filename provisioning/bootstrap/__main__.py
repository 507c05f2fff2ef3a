"""The first code a newcomer's Python runs: judge that Python, then hand over to `setup`.

This file alone must parse on any Python 3, and import nothing that python3-minimal lacks, or the
person would read a traceback where one line should tell them what to do. The test suite checks
both.
"""

import io
import os
import sys

OLDEST = (3, 11)
RETRIED = "YICANG_BOOTSTRAP_RETRIED"


def refusal(version: "tuple[int, int]", maxsize: int) -> "str | None":
    """Say in one line why this Python cannot be used, or return None.

    `version` is the (major, minor) pair, `maxsize` is sys.maxsize.
    """
    if version < OLDEST:
        here = f"{version[0]}.{version[1]}"
        return (
            f"需要 Python 3.11 或更新版本，现为 {here}，可指定 make PYTHON=python3.12"
            f" / Python 3.11 or newer is needed, this is {here}; choose with make PYTHON=python3.12"
        )
    if maxsize < 2**32:
        return (
            "需要 64 位系统：所用的软件包没有 32 位版本"
            " / A 64-bit system is needed: the packages have no 32-bit wheels"
        )
    return None


def main() -> int:
    """Return the exit status: 0 ready, 1 failed on the way, 2 the machine lacks something."""
    reason = refusal(sys.version_info[:2], sys.maxsize)
    if reason:
        # Not sys.stderr: an old Python in a C locale could not encode this.
        os.write(2, (reason + "\n").encode())
        return 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)

    from provisioning.bootstrap import debian

    try:
        import fcntl  # noqa: F401
        import shutil  # noqa: F401
        import ssl  # noqa: F401
        import tomllib  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        before = debian.privilege(debian.search_path(os.environ.get("PATH")))
        if RETRIED in os.environ or not debian.install([debian.PYTHON], before):
            return 2
        # The modules just installed are invisible to a process that has looked for them before.
        os.environ[RETRIED] = "1"
        os.execv(sys.executable, [sys.executable, "-m", "provisioning.bootstrap", *sys.argv[1:]])  # noqa: S606

    from provisioning.bootstrap import setup

    return setup.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
