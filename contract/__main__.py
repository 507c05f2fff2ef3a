"""Writes what the contract publishes: JSON Schemas, the AsyncAPI document, the page's tables.

``python -m contract docs``. The only file of the contract that touches a disk.
"""

import sys
from pathlib import Path

from contract import asyncapi, page
from contract.schema import documents, render


def files() -> dict[str, str]:
    """Everything that the contract publishes, text by path below the documentation folder."""
    rendered = {f"schema/{name}": render(document) for name, document in documents().items()}
    rendered["asyncapi.json"] = render(asyncapi.document())
    return rendered


def write(folder: Path) -> list[Path]:
    """Write `files` below ``folder``, remove schemas of messages that are gone, and renew the
    generated tables of the contract's page there.

    Returns the paths written. Raises OSError.
    """
    wanted = {folder / name: text for name, text in files().items()}
    prose = folder / page.PAGE
    if prose.exists():
        wanted[prose] = page.filled(prose.read_text(encoding="utf-8"))
    for stale in (folder / "schema").rglob("*.json"):
        if stale not in wanted:
            stale.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(wanted)


def main(arguments: list[str]) -> int:
    """``python -m contract FOLDER``; returns the exit status."""
    if len(arguments) != 1:
        print("usage: python -m contract FOLDER", file=sys.stderr)
        return 2
    for path in write(Path(arguments[0])):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
