"""Running the projector: in transactions of its own, row by row when a group fails."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from hub import incidents
from hub.db import DERIVED
from hub.incidents import Trouble
from hub.log import positions
from hub.log.event_log import Fresh, quarantine_key
from hub.projections.projector import GROUP, Projector, projected

_log: Final = logging.getLogger(__name__)


class Projecting:
    """Brings the projections up to date with what was committed; runs in the writer's thread."""

    def __init__(self, engine: Engine, projector: Projector, now_ms: Callable[[], int]) -> None:
        self._engine: Final = engine
        self._derived: Final = engine.execution_options(**{DERIVED: True})
        self._projector: Final = projector
        self._now_ms: Final = now_ms

    def run(self, fresh: Mapping[int, Fresh], progress: Callable[[], None]) -> bool:
        """Project all rows that wait; whether that worked. ``fresh`` are still in memory;
        ``progress`` hears of each group that is done: there may be a great many."""
        try:
            while self._some(fresh, GROUP) == GROUP:
                progress()
        except OperationalError:
            _log.exception("数据库写入失败 / the database could not be written")
            return False
        except Exception:  # noqa: BLE001 - one row must not hold up the others
            _log.exception("更新视图出错，逐条重试 / projecting failed, trying row by row")
            return self._singly(progress)
        return True

    def rebuild(self) -> bool:
        """Drop and refold all projections; whether that worked."""
        try:
            with self._engine.begin() as connection:
                self._projector.rebuild(connection, self._now_ms())
        except OperationalError:
            self._projector.forget()
            _log.exception("数据库写入失败 / the database could not be written")
            return False
        return True

    def forget(self) -> None:
        """After somebody else's transaction was rolled back."""
        self._projector.forget()

    def campaigns_moved(self) -> bool:
        """Whether, since this was last asked, a campaign came a tenth further: kiosks are told."""
        moved = self._projector.campaigns_moved
        self._projector.campaigns_moved = False
        return moved

    def _some(self, fresh: Mapping[int, Fresh], limit: int) -> int:
        try:
            with self._derived.begin() as connection:
                return self._projector.project(connection, fresh, self._now_ms(), limit)
        except BaseException:
            self._projector.forget()
            raise

    def _singly(self, progress: Callable[[], None]) -> bool:
        while True:
            progress()
            try:
                if not self._some({}, 1):
                    return True
            except OperationalError:
                return False
            except Exception:  # noqa: BLE001 - this row is the one
                _log.exception("一条事件无法归入 / an event could not be projected")
                if not self._quarantine_oldest():
                    return False

    def _quarantine_oldest(self) -> bool:
        """Set the oldest waiting row aside; False when it was already, and is not to blame."""
        with self._engine.begin() as connection:
            done = projected(connection)
            positions.number(connection, done, 1)  # what failed took its number back
            row = connection.exec_driver_sql(
                "UPDATE event SET problem = 'fold-failed' WHERE problem IS NULL AND id ="
                " (SELECT id FROM event WHERE position > ? ORDER BY position LIMIT 1)"
                " RETURNING kiosk, epoch",
                (done,),
            ).first()
            if row is None:
                return False
            kiosk, epoch = row
            detail = {"epoch": epoch, "why": "fold-failed"}
            key = quarantine_key(kiosk, epoch, "fold-failed")
            trouble = Trouble(key, "quarantined", epoch, kiosk, detail, 1)
            incidents.note(connection, trouble, self._now_ms())
        return True
