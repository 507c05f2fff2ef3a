"""Opens the pins of this machine through lgpio, which Debian brings.

lgpio has no wheel for Python 3.13 and Raspberry Pi OS has it installed as ``python3-lgpio``, which
an environment of ours (``.venv``) does not see. So it is looked for there as well. Only lgpio is
taken from there: everything else comes from `requirements.lock`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from drivers.ports import DeviceError, Words

DEBIAN: Final = Path("/usr/lib/python3/dist-packages")
"""Where Debian's packages for its own Python 3 are (Debian Python Policy, 2.5)."""
MODULES: Final = ("_lgpio", "lgpio")
"""The compiled half first: the other imports it."""

LGPIO_MISSING: Final = Words(
    zh="缺少 lgpio，请安装：sudo apt-get install python3-lgpio，然后重新启动",
    en="lgpio is missing; install it with: sudo apt-get install python3-lgpio, then restart",
)
GPIOZERO_MISSING: Final = Words(
    zh="缺少 gpiozero，请运行 make up 重新准备环境",
    en="gpiozero is missing; run make up to set the environment up again",
)


class Pins(NamedTuple):
    """gpiozero's pin factory, and what its pins raise when the hardware fails."""

    factory: Any
    faults: tuple[type[Exception], ...]


def open_pins(chip: int | None = None, debian: Path = DEBIAN) -> Pins:
    """The pins of ``/dev/gpiochip<chip>``; None: the one of the 40-pin header.

    Raises:
        DeviceError: lgpio is missing, this is no Raspberry Pi, or the pins may not be used.
    """
    try:
        from gpiozero.exc import GPIOZeroError
    except ImportError:
        raise DeviceError(GPIOZERO_MISSING) from None
    load_lgpio(debian)
    import lgpio
    from gpiozero.exc import PinUnknownPi
    from gpiozero.pins.lgpio import LGPIOFactory

    try:
        factory = LGPIOFactory(chip=chip)
    except PinUnknownPi:
        raise DeviceError(
            Words(
                zh='这台机器不是树莓派；请用 panel = "none:"',
                en='this machine is no Raspberry Pi; use panel = "none:"',
            )
        ) from None
    except (lgpio.error, OSError) as error:
        where = f"/dev/gpiochip{chip if chip is not None else 0}"
        reason = str(error).strip("'")
        raise DeviceError(
            Words(
                zh=f"{where} 打不开（{reason}）；运行本程序的用户要在 gpio 组里",
                en=f"{where} cannot be opened ({reason}); whoever runs this must be in group gpio",
            )
        ) from None
    return Pins(factory, (GPIOZeroError, lgpio.error, OSError))


def absent(chip: int | None = None, debian: Path = DEBIAN) -> Words | None:
    """What is lacking before the pins could be opened, for a line at start; touches nothing."""
    if importlib.util.find_spec("lgpio") is None and not (debian / "lgpio.py").exists():
        return LGPIO_MISSING
    device = Path(f"/dev/gpiochip{chip if chip is not None else 0}")
    if not device.exists():
        return Words(
            zh=f"{device} 不存在：这台机器没有可用的引脚，灯不会亮",
            en=f"there is no {device}: this machine has no pins, and the lights stay dark",
        )
    return None


def load_lgpio(debian: Path) -> None:
    """Makes ``import lgpio`` work, from ``debian`` where it is not installed beside us.

    Raises:
        DeviceError: it is in neither place, or is made for another Python.
    """
    if importlib.util.find_spec("lgpio") is not None:
        return
    try:
        _load(MODULES, debian)
    except ImportError:
        raise DeviceError(LGPIO_MISSING) from None


def _load(names: Sequence[str], folder: Path) -> None:
    """Imports modules by name from a folder that is not on ``sys.path``, all or none."""
    from importlib.machinery import PathFinder

    done: list[str] = []
    try:
        for name in names:
            spec = PathFinder.find_spec(name, [str(folder)])
            if spec is None or spec.loader is None:
                raise ImportError(f"no {name} in {folder}")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            done.append(name)
            spec.loader.exec_module(module)
    except ImportError:
        for name in done:
            del sys.modules[name]
        raise
