"""A card that a Raspberry Pi starts as a kiosk from, prepared on any computer.

`files` says what is on it, `command` writes it (``yicang provision card``), `first_boot` runs on
the Pi, once.
"""
