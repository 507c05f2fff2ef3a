"""What a person who simulates a fleet sees: a line while it runs, and the sum at the end."""

from typing import Final

import click

from kiosk.fleet.simulation import BUSY, Progress, Summary


class Display:
    """One line that is written over and over, for a person who waits."""

    def __init__(self, kiosks: int, *, quiet: bool) -> None:
        self._kiosks: Final = kiosks
        self._quiet: Final = quiet

    def tell(self, now: Progress) -> None:
        """Where the simulation is."""
        if not self._quiet:
            click.echo(
                # 79 columns at most: a longer line would begin a new one at each look.
                f"\r在线 / online {now.online}/{self._kiosks} 扫码 / scans {now.scans}"
                f" 已确认 / acknowledged {now.acked}/{now.events}\x1b[K",
                nl=False,
                err=True,
            )

    def end(self) -> None:
        """The line is done."""
        if not self._quiet:
            click.echo("", err=True)


def told(summary: Summary) -> str:
    """The summary, a line a figure, in both languages."""
    rows = [
        ("终端 / kiosks", f"{summary.kiosks}"),
        ("扫码 / scans", f"{summary.scans}"),
        ("事件 / events", f"{summary.events}"),
        ("中心已确认 / acknowledged by the hub", f"{summary.acked}"),
        ("用时 / took", f"{summary.seconds:.1f} s"),
        ("每秒事件 / events a second", f"{summary.acked / summary.seconds:.0f}"),
        ("等确认：一半 / wait for it: half", f"{summary.wait_half * 1000:.0f} ms"),
        ("等确认：99% / wait for it: 99 %", f"{summary.wait_99 * 1000:.0f} ms"),
        ("等确认：最久 / wait for it: longest", f"{summary.wait_most * 1000:.0f} ms"),
        ("补传断网时的用了 / catching up took", f"{summary.caught_up:.1f} s"),
        ("模拟占用 / the simulation itself", f"{summary.own_share:.2f} CPU"),
        ("内存 / memory", f"{summary.memory_mb:.0f} MB"),
    ]
    lines = [f"{name}: {value}" for name, value in rows]
    if summary.own_share > BUSY:
        lines.append(
            "模拟本身占满了一个核，等待时间不全是中心的"
            " / the simulation used up a core: not all of the wait is the hub's"
        )
    if summary.left:
        lines.append(
            f"中心没有确认 {summary.left} 条，它们仍在日志里"
            f" / the hub did not acknowledge {summary.left}; the journals keep them"
        )
    return "\n".join(lines)
