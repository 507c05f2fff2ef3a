"""Parts of reference data and their pieces, as any hub makes them and any kiosk reads them."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.messages import (
    MAX_MESSAGE_BYTES,
    HubStatus,
    MessageError,
    Product,
    Products,
    decode,
    encode,
)
from contract.reference import (
    MAX_PIECES,
    PARTS,
    Capability,
    digests_of,
    manifest_of,
    piece_name,
    pieces,
    read_part,
    read_piece,
)
from tests.support.strategies import instances

HASH = "a" * 64


class OldHubStatus(msgspec.Struct):
    """What the first release read of a hub's status."""

    online: bool
    incarnation: str = ""


def products(count: int, letters: int) -> list[Product]:
    return [Product(f"{number:014d}", "F1", "米" * letters, "r") for number in range(count)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3_000), st.integers(1, 60))
def test_whatever_its_size_a_part_is_read_back_from_pieces_that_fit(count: int, size: int) -> None:
    entries = products(count, size)
    payloads = pieces("products", entries)
    assert len(payloads) >= 1
    assert max(map(len, payloads)) <= MAX_MESSAGE_BYTES
    assert list(read_part("products", payloads)) == entries
    if sum(map(len, payloads)) < MAX_MESSAGE_BYTES - 100:
        assert payloads == (encode(Products(tuple(entries))),)


@pytest.mark.parametrize("part", PARTS)
def test_a_piece_is_read_as_its_own_part_and_as_no_other(part: str) -> None:
    @settings(max_examples=10, deadline=None)
    @given(instances(PARTS[part]))
    def read(piece: msgspec.Struct) -> None:
        payload = encode(piece)
        assert read_piece(part, payload) == getattr(piece, part)
        for other in set(PARTS) - {part}:
            with pytest.raises(MessageError):
                read_piece(other, payload)

    read()


def test_a_manifest_names_the_first_piece_by_its_part_so_that_an_older_kiosk_finds_it() -> None:
    payloads = pieces("products", products(5_000, 20))
    manifest = manifest_of({"products": payloads, "plans": pieces("plans", [])})
    assert set(manifest) == {
        "plans",
        *(piece_name("products", number) for number in range(len(payloads))),
    }
    assert "products" in manifest
    assert decode(payloads[0], Products).products


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        ({}, {}),
        ({"products": HASH}, {"products": (HASH,)}),
        ({"places.1": HASH}, {"places": None}),
        ({"places": HASH, "places.2": HASH}, {"places": None}),
        ({"places": HASH, "places.x": HASH}, {"places": None}),
        ({"places": HASH, "places.01": HASH}, {"places": None}),
        ({"weather": HASH, "placestore": HASH}, {}),
    ],
)
def test_a_part_with_a_gap_in_its_pieces_is_no_part(
    manifest: dict[str, str], found: dict[str, object]
) -> None:
    assert digests_of(manifest) == found


def test_more_pieces_than_a_welcome_can_name_are_no_part() -> None:
    names = [piece_name("products", number) for number in range(MAX_PIECES + 1)]
    assert digests_of(dict.fromkeys(names, HASH)) == {"products": None}
    assert digests_of(dict.fromkeys(names[:-1], HASH)) == {"products": (HASH,) * MAX_PIECES}


def test_an_older_kiosk_reads_the_status_and_an_older_hub_s_is_read() -> None:
    new = b'{"online":true,"incarnation":"x","manifest":{"places":"%s"}}' % HASH.encode()
    assert msgspec.json.decode(new, type=OldHubStatus).online
    assert decode(b'{"online":true,"incarnation":"x"}', HubStatus).manifest == {}


def test_an_entry_of_a_later_release_is_read_as_far_as_it_is_known() -> None:
    piece = {"capabilities": [{"person": HASH, "can": ["lead", "dance"], "since": 3}]}
    assert read_piece("capabilities", json.dumps(piece).encode()) == (
        Capability(HASH, ("lead", "dance")),
    )


def test_no_part_has_a_field_for_a_person_s_name() -> None:
    fields = {field.name for field in msgspec.structs.fields(Capability)}
    assert fields == {"person", "can"}
    with pytest.raises(MessageError):
        read_piece("capabilities", b'{"capabilities":[{"person":"Ann","can":["lead"]}]}')
