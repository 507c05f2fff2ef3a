"""The published contract says what the code does: page, schemas and AsyncAPI document."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jsonschema import Draft7Validator, Draft202012Validator
from msgspec import Struct

from contract import __main__ as publish
from contract import asyncapi, batches, codes, events, messages, page, receipts, schema, topics
from contract.actions import ALPHABET
from contract.codes import TokenDomain
from yicang.receipt_commands import verify

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / page.PAGE).read_text(encoding="utf-8")
ASYNCAPI_SCHEMA = ROOT / "tests" / "contract" / "vendor" / "asyncapi-3.0.0.json"
RENEW = "renew it: python -m contract docs"


def example(heading: str) -> list[str]:
    """The lines of the first fenced example after ``heading``."""
    section = PAGE.partition(f"{heading}\n")[2]
    return section.partition("```json\n")[2].partition("```")[0].splitlines()


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table after ``heading``, without back-quotes; its head first."""
    table: list[list[str]] = []
    for line in PAGE.partition(f"{heading}\n")[2].splitlines():
        if line.startswith("|"):
            table.append([cell.strip(" `") for cell in line.strip("|").split("|")])
        elif table:
            break
    del table[1]
    return table


# --- generated files -------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(publish.files()))
def test_a_published_file_is_what_the_code_generates(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == publish.files()[name], RENEW


def test_no_schema_of_a_message_that_is_gone_is_published() -> None:
    published = {str(path.relative_to(DOCS)) for path in (DOCS / "schema").rglob("*.json")}
    assert published == {name for name in publish.files() if name.startswith("schema/")}, RENEW


@pytest.mark.parametrize("name", sorted(schema.documents()))
def test_a_published_schema_is_valid_and_stands_alone(name: str) -> None:
    document = schema.documents()[name]
    Draft202012Validator.check_schema(document)
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        assert reference.removeprefix("#/$defs/") in document["$defs"]


def test_the_files_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    stale = tmp_path / "schema" / "gone.json"
    stale.parent.mkdir()
    stale.write_text("{}", encoding="utf-8")
    (tmp_path / page.PAGE).write_text("<!-- begin: limits -->\nold\n<!-- end: limits -->\n")
    assert publish.main([str(tmp_path)]) == 0
    assert not stale.exists()
    for name, text in publish.files().items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert "4,096 bytes" in (tmp_path / page.PAGE).read_text(encoding="utf-8")
    assert publish.main([]) == 2


def test_every_message_struct_has_a_schema() -> None:
    structs = {
        name
        for module in (messages, batches, events)
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Struct)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    memory_only = {"Event", "Batch"}  # decoded forms that never travel
    assert structs - memory_only <= set(schema.components())
    described = json.loads((DOCS / "asyncapi.json").read_text(encoding="utf-8"))
    assert structs - memory_only <= set(described["components"]["schemas"])


# --- AsyncAPI --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published() -> Any:
    return json.loads((DOCS / "asyncapi.json").read_text(encoding="utf-8"))


def test_the_asyncapi_document_keeps_to_asyncapi(published: Any) -> None:
    judge = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text(encoding="utf-8")))
    problems = [
        f"{error.json_path}: {error.message[:200]}" for error in judge.iter_errors(published)
    ]
    assert problems == []
    broken = json.loads(json.dumps(published))
    broken["operations"]["kiosk.send.hello"]["action"] = "shout"
    assert list(judge.iter_errors(broken))


def test_every_reference_in_the_asyncapi_document_leads_somewhere(published: Any) -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(published)))
    assert len(references) > 30
    for reference in references:
        place = published
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_every_topic_has_a_channel_with_a_sender_and_a_receiver(published: Any) -> None:
    addresses = {channel["address"]: key for key, channel in published["channels"].items()}
    wanted = {
        *(topics.up("{kiosk}", name) for name in topics.UP),
        *(topics.down("{kiosk}", name) for name in topics.DOWN),
        topics.HUB_STATUS,
        topics.reference("{digest}"),
    }
    assert set(addresses) == wanted
    for address, key in addresses.items():
        pair = {
            (name.partition(".")[0], operation["action"])
            for name, operation in published["operations"].items()
            if operation["channel"]["$ref"] == f"#/channels/{key}"
        }
        sender, receiver = ("kiosk", "hub") if "/up/" in address else ("hub", "kiosk")
        assert pair == {(sender, "send"), (receiver, "receive")}


def test_the_user_properties_of_a_batch_are_described_as_they_are_sent(published: Any) -> None:
    header = batches.Header("0" * 16, 1, 500, "0" * 64)
    described = published["components"]["messages"]["events"]["headers"]
    sent = dict(batches.properties(header))
    assert set(described["required"]) == set(sent)
    assert Draft202012Validator(described).is_valid(sent)
    assert not Draft202012Validator(described).is_valid({**sent, "yicang-first": "0"})


def test_the_channels_are_those_that_the_document_was_built_from(published: Any) -> None:
    for channel in asyncapi.channels():
        operation = published["operations"][f"{channel.sender}.send.{channel.key}"]
        assert operation["bindings"]["mqtt"]["retain"] == channel.delivery.retain


# --- the page --------------------------------------------------------------------------------


def test_the_page_s_tables_are_what_the_code_generates() -> None:
    assert sorted(page.names(PAGE)) == sorted(page.sections())
    assert page.filled(PAGE) == PAGE, RENEW


def test_every_event_type_and_every_refusal_is_on_the_page() -> None:
    listed = {cells[0] for cells in rows("### Types")[1:]}
    assert listed == events.TYPES
    for reason in ("too-long", "not-json", "future-version", "unknown-type", "bad-public"):
        assert f"`{reason}`" in PAGE


def test_the_check_character_of_the_worked_example_comes_out() -> None:
    head, values, weights, products = (cells[1:] for cells in rows("### The check character"))
    code = "".join(cell.strip("` ") for cell in head)
    assert codes.parse(code).serial == 1_234_567
    assert f"`{code}`" in PAGE
    assert [int(value) for value in values] == [ALPHABET.index(char) for char in code]
    total = 0
    for value, weight, product in zip(values, weights, products, strict=True):
        factor, other = int(value), int(weight.rpartition("=")[2])
        result = 0
        while factor:
            result ^= other if factor & 1 else 0
            factor >>= 1
            other <<= 1
            other ^= 37 if other >= 32 else 0
        assert result == int(product)
        total ^= result
    assert total == 0
    written = " ⊕ ".join(products[:-1])
    assert f"{written} = {products[-1]}, which is `{code[-1]}`" in " ".join(PAGE.split())


def test_the_token_s_hash_of_the_worked_example_comes_out() -> None:
    found = re.search(r"the card `(P\w{17})` has the hash\s+`([0-9a-f]{64})`", PAGE)
    assert found
    card, digest = found.groups()
    assert codes.parse(card).kind is codes.Kind.PERSON
    assert hashlib.sha256(f"yicang/1/person\0{card}".encode()).hexdigest() == digest
    for domain in TokenDomain:
        assert f"`{domain.value}`" in PAGE


def test_the_hashes_of_the_worked_example_come_out() -> None:
    """Recomputed from the page's own bytes, by the page's own words."""
    before = "0" * 64
    lines = example("### The hash")
    table = rows("### The hash")[1:]
    assert len(lines) == len(table) == 2
    for line, (seq, public_digest, private_digest, digest) in zip(lines, table, strict=True):
        frame = json.loads(line)
        public = line.partition('"public":')[2].partition(',"private":')[0].encode()
        private = line.partition(',"private":')[2].removesuffix("}").encode()
        assert (json.loads(public), json.loads(private)) == (frame["public"], frame["private"])
        assert frame["prev"] == before
        assert frame["public"]["seq"] == int(seq)
        digests = (
            hashlib.sha256(public),
            hashlib.sha256(bytes.fromhex(frame["salt"]) + private),
        )
        assert [one.hexdigest() for one in digests] == [public_digest, private_digest]
        whole = b"yicang/1/event\0" + bytes.fromhex(before)
        before = hashlib.sha256(whole + digests[0].digest() + digests[1].digest()).hexdigest()
        assert before == digest == events.decode(line.encode()).hash
    assert f"`{events.decode(lines[-1].encode()).id}`" in PAGE


def test_the_receipt_of_the_worked_example_can_be_checked_by_the_page_s_own_words() -> None:
    section = PAGE.partition("## Receipts\n")[2].partition("\n## ")[0]
    text = section.partition("```text\n")[2].partition("\n")[0]
    address, _, fragment = text.partition("#")
    claim = address.rpartition("/")[2]
    version, *head, items, key_id, signature = fragment.split(".")
    assert version == "1"
    assert ".".join(head) == events.decode(example("### The hash")[-1].encode()).id

    digest = hashlib.sha256(f"yicang/1/claim\0{claim}".encode()).hexdigest()
    assert f"`{digest}`" in section
    (published,) = example("## Receipts")
    (key,) = json.loads(published)["keys"]
    public = base64.b64decode(key["public_key"])
    assert (key["kiosk"], key["key_id"]) == (head[0], key_id)
    assert hashlib.sha256(public).hexdigest()[:8] == key_id

    statement = "\0".join(("yicang/1/receipt", ".".join(head), digest, items)).encode()
    signed = base64.urlsafe_b64decode(signature + "==")
    Ed25519PublicKey.from_public_bytes(public).verify(signed, statement)
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert private.public_key().public_bytes_raw() == public
    assert private.sign(statement) == signed

    # Nothing on the page but what our own code reads and writes.
    keys = msgspec.json.decode(published, type=receipts.KeyList)
    assert msgspec.json.encode(keys).decode() == published
    read, _ = receipts.check(text, keys, verify)
    rewritten = receipts.write_fragment(read.head, read.items, read.key_id, read.signature)
    assert rewritten == fragment
    assert f'"{receipts.DOMAIN}"' in section


def test_the_batch_of_the_worked_example_is_what_would_be_sent() -> None:
    lines = [line.encode() for line in example("### The hash")]
    (header_line,) = example("## Batches")
    payload = b"\n".join([header_line.encode(), *lines]) + b"\n"
    batch = batches.decode(payload, {})
    assert batch.lines == tuple(lines)
    assert batch.header.hash == events.decode(lines[-1]).hash
    assert batches.encode(batch.header, lines) == payload
    for name, _ in batches.properties(batch.header):
        assert f"`{name}`" in PAGE
