"""Whatever picture somebody sends as a logo becomes dots that print well, or is refused."""

import io
import struct
import zlib
from contextlib import suppress

import pytest
from PIL import Image

from contract.papers import MAX_LOGO_BYTES
from hub.printing import logos
from hub.printing.logos import LogoError
from tests.support.pictures import photograph


@pytest.mark.parametrize("colour", ["black", "darkred", "orange", "#cfe8cf"])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_a_drawing_of_any_colour_keeps_its_edges_and_loses_its_blank_ones(
    colour: str, form: str
) -> None:
    drawing = Image.new("RGB", (300, 200), "white")
    drawing.paste(colour, (104, 48, 184, 128))
    drawing.paste("white", (120, 64, 168, 112))
    out = io.BytesIO()
    drawing.save(out, form)
    logo = Image.open(io.BytesIO(logos.make(out.getvalue()))).convert("L")
    assert logo.size == (80, 80)
    assert logo.crop((20, 20, 60, 60)).getextrema() == (255, 255), "paper"
    assert logo.crop((2, 2, 78, 14)).getextrema() == (0, 0), "ink"


def test_one_shade_alone_is_ink() -> None:
    out = io.BytesIO()
    Image.new("L", (50, 40), 200).save(out, "PNG")
    logo = Image.open(io.BytesIO(logos.make(out.getvalue()))).convert("L")
    assert (logo.size, logo.getextrema()) == ((50, 40), (0, 0))


def test_what_shines_through_is_paper() -> None:
    drawing = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    drawing.paste((0, 0, 0, 255), (100, 50, 110, 130))
    drawing.paste((0, 0, 0, 255), (150, 50, 180, 130))
    out = io.BytesIO()
    drawing.save(out, "PNG")
    logo = Image.open(io.BytesIO(logos.make(out.getvalue()))).convert("L")
    assert (logo.size, logo.crop((12, 0, 48, 80)).getextrema()) == ((80, 80), (255, 255))


def test_the_busiest_picture_still_fits_what_a_template_may_carry() -> None:
    out = io.BytesIO()
    Image.effect_noise((900, 700), 200).save(out, "PNG")
    logo = logos.make(out.getvalue())
    assert len(logo) <= MAX_LOGO_BYTES
    assert logos.is_logo(logo)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_a_damaged_file_is_refused_or_read_and_never_a_fault_of_ours(form: str) -> None:
    whole = photograph((120, 90), form)
    for cut in range(0, len(whole), max(1, len(whole) // 60)):
        for damaged in (whole[:cut], whole[:cut] + b"\xff\x00\xff" + whole[cut + 3 :]):
            with suppress(LogoError):
                assert logos.is_logo(logos.make(damaged))


def test_a_logo_that_claims_to_be_endless_is_none() -> None:
    png = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", 200_000, 200_000, 1, 0, 0, 0, 0)
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(9000)))):
        png += struct.pack(">I", len(data)) + kind + data
        png += struct.pack(">I", zlib.crc32(kind + data))
    assert not logos.is_logo(png)
    with pytest.raises(LogoError) as refused:
        logos.make(png)
    assert refused.value.why == "too-many-dots"


def test_a_white_picture_is_no_logo() -> None:
    out = io.BytesIO()
    Image.new("L", (50, 50), 255).save(out, "PNG")
    with pytest.raises(LogoError) as refused:
        logos.make(out.getvalue())
    assert refused.value.why == "blank"
