"""What every module of tables shares."""

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData

metadata: Final = MetaData()

RowId: Final = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes only a plain INTEGER PRIMARY KEY the row's own id."""
