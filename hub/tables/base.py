"""What every module of tables shares."""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, MetaData, text

metadata: Final = MetaData()

RowId: Final = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes only a plain INTEGER PRIMARY KEY the row's own id."""


class PartialIndex(Index):
    """An index of those rows alone that ``where`` holds of, with every database."""

    def __init__(
        self,
        name: str,
        *columns: Column[Any],
        where: str | ColumnElement[bool],
        unique: bool = False,
    ) -> None:
        rows = text(where) if isinstance(where, str) else where
        super().__init__(name, *columns, unique=unique, sqlite_where=rows, postgresql_where=rows)
