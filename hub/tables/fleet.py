"""Kiosks that are to come: invitations, and what became of each."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from hub.tables.base import metadata

enrolment: Final = Table(
    "enrolment",
    metadata,
    Column("id", String, primary_key=True),  # drawn at random; no secret
    Column("code_hash", String, nullable=False, unique=True),  # contract.enrolling.code_hash
    Column("stop", String, ForeignKey("stop.id"), nullable=False),
    Column("replaces", String, ForeignKey("kiosk.id")),  # the kiosk in whose place it comes
    Column("account", String, nullable=False),  # who invited
    Column("made_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("cancelled_ms", BigInteger),
    Column("cancelled_why", String),  # a word of hub.fleet.enrolment
    # from the kiosk's request on
    Column("enrolled_ms", BigInteger),
    Column("kiosk", String, ForeignKey("kiosk.id")),
    Column("public_key", String),  # 32 bytes in base64
    Column("verifier", String),  # of its password, until its account is open
    Column("csr", Text),  # PEM: what it wants a certificate for; "" for none
    Column("certificate", Text),  # PEM, once it is confirmed; "" where a password is enough
    Column("digits", String),  # what a person is to type
    Column("tries", Integer, nullable=False, server_default="0"),  # wrong ones
    Column("software", String, nullable=False, server_default=""),
    Column("serial", String, nullable=False, server_default=""),
    Column("confirmed_ms", BigInteger),
    Column("confirmed_by", String),  # an account's or a token's id
)
"""An invitation to become a kiosk of this hub (`hub.fleet.enrolment`). Its code stands nowhere."""

Index("enrolment_made", enrolment.c.made_ms)
Index("enrolment_kiosk", enrolment.c.kiosk)
