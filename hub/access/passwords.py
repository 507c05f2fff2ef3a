"""Passwords that the system draws."""

import secrets


def new_password() -> str:
    """Sixteen characters (79 bits) that can be read aloud and typed: no 0/o, no 1/i/l."""
    drawn = "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(16))
    return "-".join(drawn[at : at + 4] for at in range(0, 16, 4))
