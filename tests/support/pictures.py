"""Pictures that somebody could send."""

import io

from PIL import Image


def photograph(size: tuple[int, int] = (1600, 1200), form: str = "JPEG") -> bytes:
    """Every grey there is, as a photograph has."""
    grey = Image.linear_gradient("L").resize(size)
    out = io.BytesIO()
    grey.convert("RGB").save(out, form)
    return out.getvalue()
