"""How a new kiosk becomes one of a hub's: the invitation that it scans, what it asks and is told.

Rules
-----
* An **invitation** is one line of text (`Invitation`): a one-time code, the pin of the authority
  behind the hub's certificate, and where the hub is. A QR code carries the whole line. For scanners
  that read bars alone it is cut into `parts`, each a Code 128, scanned in any order: repeats change
  nothing, and a part of another invitation starts anew (`take`).
* Nothing is trusted that the invitation does not vouch for: the authority's certificate is fetched
  without a check and believed when its digest begins with the **pin**.
* The kiosk makes its key and its password and keeps both on its disk *before* it asks for the first
  time. Asking again with the same code and key is answered the same: an answer that was lost costs
  nothing, and asking again is also how a kiosk learns that it was confirmed.
* A request is signed over the bytes that are sent (`signed_bytes`), never over a re-encoding, so
  that a field which a later release adds is covered by an older hub's check.
* **Six digits** follow from key and code (`digits`). The kiosk prints them, a person types them at
  the hub, and only then may the kiosk speak to the broker: whoever photographed an invitation and
  was faster has other digits.
* The hub's clock alone judges whether an invitation is over: the kiosk's is not known yet.

Ed25519 itself comes in as a function, as with `contract.receipts`.
"""

import base64
import binascii
import enum
import hashlib
import re
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from contract.actions import ALPHABET
from contract.codes import VALUES, check_character, to_base32
from contract.fields import KioskId, Prefix, SignedMilliseconds, StopId, whole
from contract.receipts import SIGNATURE_BYTES, PublicKey, Verify

DOMAIN: Final = "yicang/1/enrolment"
"""Keeps these signatures and hashes apart from any other."""

SCHEME: Final = "YICANG:"
VERSION: Final = "1"
"""Second field of an invitation. It rises when an old reader could not read the rest."""

CODE_BYTES: Final = 10
CODE_LENGTH: Final = 17
"""80 random bits in 16 characters, and the check character of `contract.codes`."""
PIN_LENGTH: Final = 26
"""The first 128 bits of the SHA-256 of the authority's certificate (DER)."""

PART_LETTER: Final = "E"
"""No code of ours begins with it."""
CHUNK_LENGTH: Final = 14
MAX_PART_LENGTH: Final = 20
"""Characters of one part: 255 modules of Code 128, 84 mm at a third of a millimetre."""
MAX_PARTS: Final = 31

ENROL_PATH: Final = "/api/v1/enrolments"
AUTHORITY_PATH: Final = "/enrol/authority.pem"
SIGNATURE_HEADER: Final = "Yicang-Signature"
"""Header of the request: the signature's 64 bytes in base64."""
MAX_REQUEST_BYTES: Final = 16 * 1024
POLL_S: Final = 5
"""How often a kiosk asks again until it is confirmed, in seconds."""
MAX_TRIES: Final = 3
"""Wrong digits that cancel an enrolment."""


# --- the invitation -------------------------------------------------------------------------------


class InvitationProblem(enum.StrEnum):
    """Why a text is no invitation."""

    NOT_ONE = "not-one"  # something else altogether
    VERSION = "version"  # made by a later release
    DAMAGED = "damaged"  # cut short, mistyped, or parts that do not belong together


class InvitationError(ValueError):
    """A text that is no invitation; ``problem`` says why."""

    def __init__(self, problem: InvitationProblem) -> None:
        super().__init__(problem.value)
        self.problem: Final = problem


class Invitation(Struct, frozen=True):
    """``code`` is secret and works once; ``host`` is a name or address in upper case (IPv6 in
    brackets), ``port`` that of the hub's pages (HTTPS)."""

    code: str
    pin: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where the hub is, without a slash at the end."""
        host = self.host.lower()
        return f"https://{host}" if self.port == 443 else f"https://{host}:{self.port}"


_LABEL = r"[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?"
_HOST = rf"(?=[^:]{{1,253}}:){_LABEL}(?:\.{_LABEL})*|\[[0-9A-F:.]{{2,45}}\]"
_INVITATION: Final = re.compile(
    rf"YICANG:1:(?P<code>[{ALPHABET}]{{{CODE_LENGTH}}}):(?P<pin>[0-7][{ALPHABET}]{{25}})"
    rf":(?P<host>{_HOST}):(?P<port>[1-9][0-9]{{0,4}})",
    re.ASCII,
)
_LATER: Final = re.compile(r"YICANG:(?!1:)[1-9][0-9]{0,2}:", re.ASCII)


def new_code(random: bytes) -> str:
    """The code of an invitation from 10 random bytes.

    Raises:
        ValueError: another number of bytes.
    """
    if len(random) != CODE_BYTES:
        raise ValueError("80 random bits are 10 bytes")
    body = to_base32(int.from_bytes(random), CODE_LENGTH - 1)
    return body + check_character(body)


def is_code(text: str) -> bool:
    """Whether ``text`` has the form of an invitation's code."""
    return (
        len(text) == CODE_LENGTH
        and all(char in VALUES for char in text)
        and check_character(text[:-1]) == text[-1]
    )


def pin(certificate: bytes) -> str:
    """The pin of an authority's certificate (its DER bytes)."""
    digest = hashlib.sha256(certificate).digest()
    return to_base32(int.from_bytes(digest[:16]), PIN_LENGTH)


def encode(invitation: Invitation) -> str:
    """The line that a QR code holds: but for the brackets of an IPv6 address all of it is in the
    alphanumeric mode's set.

    Raises:
        InvitationError: a field that cannot be written.
    """
    text = (
        f"{SCHEME}{VERSION}:{invitation.code}:{invitation.pin}"
        f":{invitation.host.upper()}:{invitation.port}"
    )
    parse(text)
    return text


def parse(text: str) -> Invitation:
    """The invitation that a scan holds; white space around it and small letters do not matter.

    Raises:
        InvitationError: see `InvitationProblem`.
    """
    line = text.strip().upper()
    if not line.startswith(SCHEME):
        raise InvitationError(InvitationProblem.NOT_ONE)
    if _LATER.match(line):
        raise InvitationError(InvitationProblem.VERSION)
    found = _INVITATION.fullmatch(line)
    if found is None or not is_code(found["code"]) or int(found["port"]) > 65535:
        raise InvitationError(InvitationProblem.DAMAGED)
    return Invitation(found["code"], found["pin"], found["host"], int(found["port"]))


# --- its parts ------------------------------------------------------------------------------------


class Assembly(Struct, frozen=True):
    """What was scanned of an invitation's parts so far; ``parts`` holds "" for those to come.

    ``tag`` tells one invitation's parts from another's.
    """

    tag: str = ""
    parts: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers, from 1, of the parts to come; none when nothing was scanned yet either."""
        return tuple(n for n, chunk in enumerate(self.parts, 1) if not chunk)

    @property
    def is_complete(self) -> bool:
        """Whether every part is here."""
        return bool(self.parts) and not self.missing


EMPTY: Final = Assembly()

_PART: Final = re.compile(
    rf"E(?P<part>[{ALPHABET}])(?P<of>[{ALPHABET}])(?P<tag>[{ALPHABET}]{{2}})"
    rf"(?P<chunk>[A-Z0-9:.\[\]-]{{1,{CHUNK_LENGTH}}})(?P<check>[{ALPHABET}])",
    re.ASCII,
)


def parts(invitation: Invitation) -> tuple[str, ...]:
    """The invitation as texts of at most `MAX_PART_LENGTH` characters, a Code 128 each:
    ``E <part> <of> <tag> <chunk> <check>``, without the spaces. Part and number of parts are one
    base32 digit each, from 1; the tag are two digits of the whole text's digest, the check one of
    the part's. All chunks together are the invitation without ``YICANG:``.

    Raises:
        InvitationError: as `encode`; a host too long for `MAX_PARTS`.
    """
    rest = encode(invitation).removeprefix(SCHEME)
    of = -(-len(rest) // CHUNK_LENGTH)
    if of > MAX_PARTS:
        raise InvitationError(InvitationProblem.DAMAGED)
    size = -(-len(rest) // of)  # all about equally long: none looks like a leftover
    tag = _base32_digest(rest, 2)
    bodies = (
        f"{PART_LETTER}{ALPHABET[n + 1]}{ALPHABET[of]}{tag}{rest[n * size : (n + 1) * size]}"
        for n in range(of)
    )
    return tuple(body + _base32_digest(body, 1) for body in bodies)


def take(before: Assembly, text: str) -> Assembly:
    """What is assembled after one more scan. The same part again changes nothing; one of another
    invitation begins that one.

    Raises:
        InvitationError: NOT_ONE, or DAMAGED for what looks like a part.
    """
    found = _part(text)
    if found is None:
        looks_like_one = text.strip()[:1].upper() == PART_LETTER
        problem = InvitationProblem.DAMAGED if looks_like_one else InvitationProblem.NOT_ONE
        raise InvitationError(problem)
    number, of, tag, chunk = found
    same = before.tag == tag and len(before.parts) == of
    chunks = list(before.parts) if same else [""] * of
    if chunks[number - 1] not in ("", chunk):
        chunks = [""] * of  # two invitations that share a tag
    chunks[number - 1] = chunk
    return Assembly(tag, tuple(chunks))


def assembled(assembly: Assembly) -> Invitation | None:
    """The whole invitation; None while a part is missing.

    Raises:
        InvitationError: the parts do not belong together (DAMAGED: begin with `EMPTY`), or VERSION.
    """
    if not assembly.is_complete:
        return None
    rest = "".join(assembly.parts)
    if _base32_digest(rest, 2) != assembly.tag:
        raise InvitationError(InvitationProblem.DAMAGED)
    return parse(SCHEME + rest)


def _part(text: str) -> tuple[int, int, str, str] | None:
    line = text.strip().upper()
    found = _PART.fullmatch(line)
    if found is None or _base32_digest(line[:-1], 1) != found["check"]:
        return None
    number, of = VALUES[found["part"]], VALUES[found["of"]]
    return (number, of, found["tag"], found["chunk"]) if 1 <= number <= of else None


def _base32_digest(text: str, length: int) -> str:
    """The first ``length`` base32 digits of the text's SHA-256."""
    head = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return to_base32(head >> 64 - 5 * length, length)


# --- what a kiosk asks ----------------------------------------------------------------------------

Verifier: TypeAlias = Annotated[
    str, whole(r"\$7\$[1-9][0-9]{1,6}\$[A-Za-z0-9+/]{16,86}={0,2}\$[A-Za-z0-9+/]{86}==")
]
"""What Mosquitto keeps of a password: ``$7$<rounds>$<salt>$<hash>``, PBKDF2 with SHA-512; salt (12
to 64 bytes) and hash (64 bytes) in base64."""
InvitationCode: TypeAlias = Annotated[str, whole(rf"[{ALPHABET}]{{{CODE_LENGTH}}}")]
Pem: TypeAlias = Annotated[str, Meta(max_length=8192)]
Digits: TypeAlias = Annotated[str, whole(r"[0-9]{6}")]


class EnrolmentRequest(Struct, frozen=True, omit_defaults=True):
    """``POST /api/v1/enrolments``: a kiosk that was invited wants to belong to the hub.

    ``public_key`` is that of the key which signs this request, and receipts later; ``verifier``
    lets the broker check the kiosk's password without knowing it; ``csr`` (PEM, P-256) asks for a
    certificate, for brokers that want one. ``software`` is the release, ``serial`` that of the
    board, as far as it is known.
    """

    code: InvitationCode
    public_key: PublicKey
    verifier: Verifier
    csr: Pem = ""
    software: Annotated[str, Meta(max_length=64)] = ""
    serial: Annotated[str, Meta(max_length=64)] = ""


class Enrolled(Struct, frozen=True):
    """The hub's answer: who the kiosk is, and whom it talks to.

    ``confirmed`` says whether somebody has typed the digits: before that the broker refuses the
    kiosk. ``hub_url`` is where people reach the hub, for receipts. ``mqtt_ca`` is the authority
    behind the broker's certificate, ``certificate`` the kiosk's own (PEM, or "" where a password is
    enough). ``prefixes`` are for item codes, in the order in which they are taken. ``bundle_key``
    is the recipient (``age1…``) of what a stick carries, or "". ``hub_time`` is Unix milliseconds.
    """

    kiosk: KioskId
    stop: StopId
    stop_zh: str
    stop_en: str
    hub_url: str
    mqtt_host: str
    mqtt_port: Annotated[int, Meta(ge=1, le=65535)]
    mqtt_ca: Pem
    prefixes: tuple[Prefix, ...]
    confirmed: bool
    hub_time: SignedMilliseconds
    certificate: Pem = ""
    bundle_key: Annotated[str, Meta(max_length=128)] = ""
    language: Literal["zh", "en"] = "zh"
    timezone: str = "Asia/Shanghai"


class Refusal(enum.StrEnum):
    """Why a kiosk is not enrolled: the ``type`` of the problem that the hub answers with."""

    BAD_REQUEST = "bad-request"
    UNKNOWN = "enrolment-unknown"  # no invitation of this hub
    EXPIRED = "enrolment-expired"
    USED = "enrolment-used"  # another key was faster, or it is over and done
    CANCELLED = "enrolment-cancelled"  # by a person, or by three wrong tries
    BAD_SIGNATURE = "bad-signature"
    TOO_MANY = "too-many"  # requests from this address


STATUS: Final = {
    Refusal.BAD_REQUEST: 400,
    Refusal.UNKNOWN: 404,
    Refusal.EXPIRED: 410,
    Refusal.USED: 409,
    Refusal.CANCELLED: 410,
    Refusal.BAD_SIGNATURE: 422,
    Refusal.TOO_MANY: 429,
}
"""The HTTP status of each."""


class RefusedError(ValueError):
    """A request that the hub does not grant."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(refusal.value)
        self.refusal: Final = refusal
        self.detail: Final = detail


_request: Final = msgspec.json.Decoder(EnrolmentRequest)
_enrolled: Final = msgspec.json.Decoder(Enrolled)


def signed_bytes(body: bytes) -> bytes:
    """What is signed of a request whose body this is."""
    return DOMAIN.encode() + b"\0" + body


def signature_text(signature: bytes) -> str:
    """A signature as its header holds it."""
    return base64.b64encode(signature).decode()


def encode_request(request: EnrolmentRequest) -> bytes:
    """The body of a request: these bytes are signed, and sent as they are."""
    return msgspec.json.encode(request)


def open_request(body: bytes, signature: str, verify: Verify) -> EnrolmentRequest:
    """The request in ``body``, signed with the key that it names; ``signature`` is the header.

    Raises:
        RefusedError: BAD_REQUEST with a ``detail`` that holds no value, or BAD_SIGNATURE.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise RefusedError(Refusal.BAD_REQUEST, f"longer than {MAX_REQUEST_BYTES} bytes")
    try:
        request = _request.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RefusedError(Refusal.BAD_REQUEST, str(error)) from None
    try:
        signed = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(Refusal.BAD_SIGNATURE) from None
    if len(signed) != SIGNATURE_BYTES or not verify(
        raw_key(request.public_key), signed, signed_bytes(body)
    ):
        raise RefusedError(Refusal.BAD_SIGNATURE)
    return request


def decode_enrolled(answer: bytes) -> Enrolled:
    """Raises ``msgspec.MsgspecError`` or UnicodeDecodeError."""
    return _enrolled.decode(answer)


def raw_key(public_key: str) -> bytes:
    """The 32 bytes of a `PublicKey`."""
    return base64.b64decode(public_key)


def digits(public_key: str, code: str) -> str:
    """The six digits that the kiosk prints and a person types at the hub."""
    digest = hashlib.sha256(b"yicang-digits\0" + raw_key(public_key) + code.encode()).digest()
    return f"{int.from_bytes(digest) % 1_000_000:06}"


def code_hash(code: str) -> str:
    """What the hub keeps of a code: it cannot be read back, and the code holds 80 random bits."""
    return hashlib.sha256(f"{DOMAIN}\0{code}".encode()).hexdigest()
