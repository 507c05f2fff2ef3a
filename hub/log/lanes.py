"""A bounded queue with a lane for each sender, of which nobody waits behind another's.

What is taken comes from all lanes in turn, one piece each, and from no lane more than a share: so
whoever puts in more than others waits longer, and nobody else does. Within a lane, and among what
is taken at once, the order is that of arrival.

A lane is bounded by pieces and by bytes, all lanes together by bytes.
"""

import threading
import time
from collections import Counter, OrderedDict, deque
from typing import Final, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Bounds(Struct, frozen=True):
    """How much may wait, in one lane and in all; a piece that is larger than the bound is taken
    when nothing else waits there."""

    lane_pieces: int
    lane_bytes: int
    bytes: int


class Share(Struct, frozen=True):
    """How much is taken at once: ``pieces`` and ``bytes`` of all lanes, at most ``lane_pieces``
    and ``lane_bytes`` of one."""

    pieces: int
    bytes: int
    lane_pieces: int
    lane_bytes: int


class _Lane(Generic[T]):
    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: Final[deque[tuple[int, int, T]]] = deque()  # (arrival, size, piece)
        self.size = 0


class Lanes(Generic[T]):
    """See the module. Any thread puts, any takes; `close` wakes all who wait."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds: Final = bounds
        self._lock: Final = threading.Lock()
        self._filled: Final = threading.Condition(self._lock)
        self._emptied: Final = threading.Condition(self._lock)
        self._lanes: Final[OrderedDict[str, _Lane[T]]] = OrderedDict()  # in the order of turns
        self._arrivals = 0
        self._count = 0
        self._size = 0
        self._closed = False

    def __len__(self) -> int:
        return self._count

    def put(self, lane: str, piece: T, size: int, timeout_s: float) -> bool:
        """Wait for room and put ``piece`` into ``lane``; False when there was none in time, or this
        is closed."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            while not self._closed:
                if self._has_room(lane, size):
                    self._append(lane, piece, size)
                    return True
                left = deadline - time.monotonic()
                if left <= 0 or not self._emptied.wait(left):
                    return False
            return False

    def is_full(self, lane: str, size: int) -> bool:
        """Whether ``lane`` itself is what has no room for ``size`` bytes more."""
        with self._lock:
            return self._lane_is_full(lane, size)

    def take(self, share: Share, timeout_s: float) -> list[T]:
        """Wait for something, and take a share of what waits, in the order of arrival."""
        with self._lock:
            if not self._count and not self._closed:
                self._filled.wait(timeout_s)
            taken = self._take(share)
            if taken:
                self._emptied.notify_all()
        taken.sort(key=lambda one: one[0])
        return [piece for _, _, piece in taken]

    def drain(self) -> list[T]:
        """Take everything, in the order of arrival."""
        with self._lock:
            pieces = sorted(
                (one for lane in self._lanes.values() for one in lane.pieces),
                key=lambda one: one[0],
            )
            self._lanes.clear()
            self._count = self._size = 0
            self._emptied.notify_all()
        return [piece for _, _, piece in pieces]

    def close(self) -> None:
        """Nothing more comes in; who waits goes on with what there is."""
        with self._lock:
            self._closed = True
            self._filled.notify_all()
            self._emptied.notify_all()

    # --- with the lock held ------------------------------------------------------------------

    def _has_room(self, lane: str, size: int) -> bool:
        if self._lane_is_full(lane, size):
            return False
        return not self._count or self._size + size <= self._bounds.bytes

    def _lane_is_full(self, name: str, size: int) -> bool:
        lane = self._lanes.get(name)
        if lane is None or not lane.pieces:
            return False
        crowded = len(lane.pieces) >= self._bounds.lane_pieces
        return crowded or lane.size + size > self._bounds.lane_bytes

    def _append(self, name: str, piece: T, size: int) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane()
        lane.pieces.append((self._arrivals, size, piece))
        lane.size += size
        self._arrivals += 1
        self._count += 1
        self._size += size
        self._filled.notify()

    def _take(self, share: Share) -> list[tuple[int, int, T]]:
        taken: list[tuple[int, int, T]] = []
        total = 0
        pieces: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        while self._lanes and len(taken) < share.pieces and total < share.bytes:
            name = next(
                (
                    name
                    for name in self._lanes
                    if pieces[name] < share.lane_pieces and sizes[name] < share.lane_bytes
                ),
                None,
            )
            if name is None:
                break
            lane = self._lanes[name]
            one = lane.pieces.popleft()
            lane.size -= one[1]
            taken.append(one)
            total += one[1]
            pieces[name] += 1
            sizes[name] += one[1]
            if lane.pieces:
                self._lanes.move_to_end(name)
            else:
                del self._lanes[name]
        self._count -= len(taken)
        self._size -= total
        return taken
