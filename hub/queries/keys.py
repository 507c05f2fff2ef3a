"""The public keys with which receipts are checked."""

from sqlalchemy import Connection, select

from contract.receipts import KeyList, PublishedKey
from hub import db


def published(connection: Connection) -> KeyList:
    """Every key that a kiosk of this hub ever had, by kiosk, the newest first."""
    key, kiosk, stop = db.kiosk_key.c, db.kiosk.c, db.stop.c
    rows = connection.execute(
        select(
            key.kiosk,
            key.key_id,
            key.public_key,
            key.created_ms,
            kiosk.stop,
            stop.zh.label("stop_zh"),
            stop.en.label("stop_en"),
        )
        .join(db.kiosk, kiosk.id == key.kiosk)
        .join(db.stop, stop.id == kiosk.stop)
        .order_by(key.kiosk, key.created_ms.desc(), key.key_id)
    )
    return KeyList(tuple(PublishedKey(**row) for row in rows.mappings()))
