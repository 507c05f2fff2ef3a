"""Runs inside the guest, as root: does what the test asks, over a virtio port; a line of JSON each.

A request names words to run as a process, or a function of `gadgets` with its arguments. Nothing
but the standard library of the guest's own Python.
"""

import base64
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PORT = Path("/dev/virtio-ports/agent")


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What is told back; never raises."""
    try:
        if "call" in request:
            gadgets = importlib.import_module("gadgets")
            return {"value": getattr(gadgets, request["call"])(*request["args"])}
        if "read" in request:
            data = Path(request["read"]).read_bytes()
            return {"data": base64.b64encode(data).decode("ascii")}
        if "write" in request:
            Path(request["write"]).write_bytes(base64.b64decode(request["data"]))
            return {}
        done = subprocess.run(
            request["words"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=request["deadline_s"],
            check=False,
        )
    except Exception as error:  # noqa: BLE001 - the test is told of it
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        "status": done.returncode,
        "stdout": done.stdout.decode("utf-8", "replace"),
        "stderr": done.stderr.decode("utf-8", "replace"),
    }


def main() -> None:
    """Serves until the guest ends."""
    sys.path.insert(0, str(Path(__file__).parent))
    while not PORT.exists():  # udev makes the name
        time.sleep(0.1)
    with PORT.open("r+b", buffering=0) as port:
        waiting = b""
        while True:
            piece = port.read(65536)
            if not piece:  # nobody is connected
                time.sleep(0.02)
                continue
            *lines, waiting = (waiting + piece).split(b"\n")
            for line in lines:
                request = json.loads(line)
                said = {"id": request["id"], **answer(request)}
                out = memoryview(json.dumps(said).encode() + b"\n")
                while out:
                    out = out[port.write(out) :]


if __name__ == "__main__":
    main()
