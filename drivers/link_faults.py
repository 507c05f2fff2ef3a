"""What a link to a printer says when it breaks: in both languages, and how far it came."""

from __future__ import annotations

import errno
from typing import Final

from drivers.port_status import PortStatus
from drivers.ports import DeviceError, Words


class LinkError(DeviceError):
    """A send that broke off. `taken`: the most bytes of it that the printer can have got; `port`:
    what its interface said just then, None where it has no such word."""

    def __init__(self, words: Words, taken: int = 0, port: PortStatus | None = None) -> None:
        super().__init__(words)
        self.taken: Final = taken
        self.port: Final = port


def gone(where: str, error: OSError, taken: int = 0) -> LinkError:
    """What to tell for an operating system's error."""
    # pyserial gives no number when a line hangs up under it.
    if error.errno in (None, errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ESHUTDOWN):
        return LinkError(
            Words(
                zh=f"找不到打印机 {where}，请检查电源和插头",
                en=f"printer {where} is away: check its power and plug",
            ),
            taken,
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return LinkError(
            Words(
                zh=f"没有使用 {where} 的权限（用户应属于 dialout 或 lp 组）",
                en=f"no permission for {where} (the user belongs in group dialout or lp)",
            ),
            taken,
        )
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        return LinkError(
            Words(zh=f"{where} 正被别的程序使用", en=f"another program is using {where}"), taken
        )
    reason = error.strerror or type(error).__name__
    return LinkError(
        Words(zh=f"打印机 {where} 出错（{reason}）", en=f"printer {where}: {reason}"), taken
    )


def no_line(where: str) -> LinkError:
    return LinkError(
        Words(zh=f"{where} 不能当串口使用", en=f"{where} does not work as a serial line")
    )


def stuck(where: str, taken: int = 0, port: PortStatus | None = None) -> LinkError:
    """It takes no more bytes."""
    return LinkError(
        Words(
            zh=f"打印机 {where} 不接收数据，请检查纸和上盖",
            en=f"printer {where} takes no data: check its paper and cover",
        ),
        taken,
        port,
    )


def closed(taken: int = 0) -> LinkError:
    """`close` was called."""
    return LinkError(Words(zh="打印机已关闭", en="the printer is closed"), taken)
