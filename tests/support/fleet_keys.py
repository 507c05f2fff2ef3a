"""Keys of kiosks that are set up in tests, made once: making a P-256 key takes a moment."""

from kiosk.setup.client import PASSWORD_BYTES, SALT_BYTES, make_keys

KEYS = tuple(make_keys(bytes([n]) * (PASSWORD_BYTES + SALT_BYTES)) for n in range(8))
