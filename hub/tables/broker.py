"""Who may connect to the broker."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table

from hub.tables.base import metadata

broker_account: Final = Table(
    "broker_account",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("verifier", String, nullable=False),  # provisioning.mosquitto.verifier
    Column("serial", String, nullable=False),  # of its certificate, decimal; "": it has none
    Column("allowed", Boolean, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),  # counts all changes of the table
)
"""No row is ever removed, and one that is no longer allowed stays so: who once had the account must
not find it open again."""
Index("broker_account_change", broker_account.c.change)
