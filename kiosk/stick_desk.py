"""A stick was plugged in: it takes along what the hub has not acknowledged.

Rules
-----
* A stick takes a bundle whenever something is unacknowledged, whether the hub is in reach or not:
  what is brought twice counts once. When nothing is, the kiosk says so and writes nothing.
* The bundle holds what was unacknowledged when the stick was plugged in; what is scanned meanwhile
  is in the next one. The journal forgets nothing by it: only the hub's own word does that.
* Donors come first: each time the loop comes by, one batch at most is read and handed on.
* "Done" is said after the file is on the stick, was read back, and the stick was let go of. Then
  it may be pulled. Whatever fails leaves the stick as it was, and is said as well: when it was let
  go of, too, since whoever is told to use another one pulls this one at once.
"""

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from contract import batches, bundles
from contract.batches import Batch, Header
from contract.bundles import FOLDER, Opening, Source
from kiosk.bundles import PULLED, BundleThread, Order, older_names, signing_key_id
from kiosk.clock import LearntClock
from kiosk.identity import IdentityError, IdentityStore
from kiosk.inputs import StickFound, StickLost, Written
from kiosk.streams import Streams

BATCH: Final = 100
"""Events that are read at once: a few milliseconds on the slowest board."""

AGAIN_MS: Final = 20
"""How soon the loop comes by again while the stick is slower than the journal."""

LET_GO_MS: Final = 10_000
"""How long the unmounting may take before "done" is said all the same."""


class Telling(Protocol):
    """How people are told; ``events`` is 0 where it means nothing."""

    def stick(self, what: str, events: int) -> None:
        """``what``: writing, done, nothing, no-key, or why it failed."""


class StickDesk:
    """Called by the loop's thread only; what reads the journal raises `JournalError`."""

    def __init__(
        self,
        kiosk: str,
        streams: Streams,
        clock: LearntClock,
        identity: IdentityStore,
        tell: Telling,
        take_out: Callable[[str], None],
        post: Callable[[Written], object],
        *,
        software: str,
        hub_url: str,
    ) -> None:
        self._kiosk: Final = kiosk
        self._streams: Final = streams
        self._clock: Final = clock
        self._identity: Final = identity
        self._tell: Final = tell
        self._take_out: Final = take_out
        self._post: Final = post
        self._software: Final = software
        self._hub_url: Final = hub_url
        self._waiting: list[str] = []
        self._folder: str | None = None
        self._thread: BundleThread | None = None
        self._left: list[tuple[str, int, int]] = []  # epoch, next seq, last seq
        self._ended = False
        self._written: Written | None = None
        self._said_by: int | None = None

    # --- what happens -------------------------------------------------------------------------

    def take(self, incoming: StickFound | StickLost | Written) -> None:
        """Something happened to a stick."""
        match incoming:
            case StickFound():
                self._found(incoming)
            case StickLost():
                self._lost(incoming)
            case Written():
                self._finished(incoming)

    def _found(self, incoming: StickFound) -> None:
        """A stick was plugged in; one after the other is served."""
        self._waiting.append(incoming.folder)
        self._next()

    def _lost(self, incoming: StickLost) -> None:
        """A stick is gone: after it was let go of, or too early."""
        if incoming.folder in self._waiting:
            self._waiting.remove(incoming.folder)
        if self._written is not None and incoming.folder == self._written.folder:
            self._say()

    def _finished(self, incoming: Written) -> None:
        """The thread has ended."""
        self._thread = None
        self._left = []
        if incoming.why == PULLED:
            self._written = incoming
            self._say()
        else:
            self._let_go(incoming)

    def tick(self) -> None:
        """Hands the thread its next batch, if it has room."""
        if self._said_by is not None and self._clock.mono() >= self._said_by:
            self._say()
        thread = self._thread
        if thread is None or self._ended or not thread.has_room:
            return
        batch = self._read()
        thread.give(batch)
        self._ended = batch is None

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, in monotonic milliseconds."""
        if self._thread is not None and not self._ended:
            return self._clock.mono() + (0 if self._thread.has_room else AGAIN_MS)
        return self._said_by

    def close(self) -> None:
        """The kiosk stops: a bundle that is under way is not there afterwards."""
        if self._thread is not None:
            self._thread.abandon()
            self._thread.join(5.0)

    # --- inside -------------------------------------------------------------------------------

    def _say(self) -> None:
        written, self._written, self._said_by, self._folder = self._written, None, None, None
        if written is not None:
            self._tell.stick(written.why or "done", written.events)
        self._next()

    def _next(self) -> None:
        while self._folder is None and self._waiting:
            self._begin(self._waiting.pop(0))

    def _begin(self, folder: str) -> None:
        wanted = [
            (stream.epoch, max(stream.acked + 1, stream.oldest), stream.head)
            for stream in self._streams.by_epoch.values()
            if stream.acked < stream.head and not stream.disputed
        ]
        try:
            identity = self._identity.load()
        except IdentityError:
            self._refuse(folder, "no-key")
            return
        if not wanted:
            self._refuse(folder, "nothing")
            return
        if identity.bundle_key is None:
            self._refuse(folder, "no-key")
            return
        epochs = list(self._streams.by_epoch)
        name = bundles.file_name(self._kiosk, epochs[-1])
        opening = Opening(
            1,
            self._kiosk,
            Source.KIOSK,
            identity.bundle_key,
            max(0, self._clock.wall()),
            self._clock.trusted,
            self._software,
            signing_key_id(identity.signing_key),
        )
        order = Order(
            Path(folder),
            name,
            opening,
            identity.signing_key,
            tuple(older_names(_names(Path(folder)), self._kiosk, epochs, name)),
            readme(self._hub_url),
        )
        self._folder, self._left, self._ended = folder, wanted, False
        self._tell.stick("writing", sum(last - first + 1 for _, first, last in wanted))
        self._thread = BundleThread(order, self._post)
        self._thread.start()

    def _refuse(self, folder: str, what: str) -> None:
        self._folder = folder
        self._let_go(Written(folder, 0, what))

    def _let_go(self, written: Written) -> None:
        """What is to be said of the stick is said when it may be pulled."""
        self._written = written
        self._said_by = self._clock.mono() + LET_GO_MS
        self._take_out(written.folder)

    def _read(self) -> Batch | None:
        """The next batch of what is wanted; None at its end."""
        while self._left:
            epoch, first, last = self._left[0]
            rows = self._streams.read(epoch, first, min(BATCH, last - first + 1))
            if not rows:
                self._left.pop(0)
                continue
            rows = rows[: batches.fit([raw for _, raw in rows])]
            after = first + len(rows)
            if after > last:
                self._left.pop(0)
            else:
                self._left[0] = (epoch, after, last)
            header = Header(epoch, first, len(rows), rows[-1][0])
            return Batch(header, tuple(raw for _, raw in rows))
        return None


def _names(folder: Path) -> Sequence[str]:
    try:
        return [one.name for one in (folder / FOLDER).iterdir()]
    except OSError:
        return []


def readme(hub_url: str) -> bytes:
    """What stands on the stick for whoever finds it: no script, nothing from elsewhere."""
    address = html.escape(hub_url.rstrip("/") + "/bundles", quote=True)
    return f"""<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>义仓 · Yicang Stop</title>
<body style="font:18px/1.6 sans-serif;max-width:36em;margin:2em auto;padding:0 1em">
<h1>请把这个U盘带给义仓中心</h1>
<p>这里是一台没有网络的扫码终端要告诉中心的记录。内容已加密，只有中心能读。</p>
<ol><li>插到能打开中心网页的电脑上。</li><li>打开 <a href="{address}">{address}</a>，登录。</li>
<li>选择本文件夹里扩展名为 .yicang 的文件并上传。</li></ol>
<p>传几次都没有关系，每条记录只计一次。传好之后可以删除，也可以留着。</p>
<h1 lang="en">Please bring this stick to the Yicang hub</h1>
<div lang="en"><p>A kiosk without a network has written here what it has to tell the hub. It is
encrypted: only the hub can read it.</p>
<ol><li>Plug it into a computer that can open the hub’s pages.</li>
<li>Open <a href="{address}">{address}</a> and sign in.</li>
<li>Choose the files in this folder that end in .yicang, and upload them.</li></ol>
<p>It does no harm to bring them twice: everything counts once. Afterwards they may be deleted, or
stay.</p></div>
</body></html>
""".encode()
