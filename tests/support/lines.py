"""Valid events for tests: one body of every type, and chains of lines."""

import hashlib
from collections.abc import Iterable, Sequence

from contract import batches, codes, events
from contract.codes import Kind

KIOSK = "kiosk-a"
EPOCH = "00000000000000aa"
BOOT = "0" * 31 + "b"
SESSION = "5e55000000000001"


def item(serial: int) -> str:
    """An item code of the prefix 00AA."""
    return codes.serial_code(Kind.ITEM, "00AA", serial)


BOX = codes.serial_code(Kind.BOX, "00AA", 1)
PLAN = codes.serial_code(Kind.PLAN, "00AA", 2)
PLACE_AWAY = codes.place_code("00000A")

EVERY_BODY: tuple[events.Body, ...] = (
    events.EpochOpened(journal=SESSION, prefix="00AA", software="0.1.0"),
    events.ClockLearned(offset=1_767_225_600_000, source="welcome"),
    events.SessionOpened(session=SESSION),
    events.Received(
        session=SESSION,
        item=item(1),
        category="H1",
        place=codes.PLACE_IN,
        retail=events.Retail(gtin="06901234567892", expiry="2027-03-31", lot="L1"),
    ),
    events.LabelAttached(item=item(1), how="printed"),
    events.SessionJoined(session=SESSION),
    events.SessionClosed(session=SESSION, why="finish", items=1, claim=events.claim_hash("0" * 16)),
    events.ItemPicked(session=SESSION, item=item(1), outcome="ok"),
    events.ItemSeen(item=item(2), outcome="unknown", session=SESSION),
    events.Moved(place=codes.PLACE_IN, items=(item(1), BOX), session=SESSION),
    events.Packed(box=BOX, items=(item(1), item(2)), session=SESSION),
    events.Unpacked(box=BOX, items=(item(2),), session=SESSION),
    events.Out(plan=PLAN, items=(BOX,), session=SESSION),
    events.PlanSeen(plan=PLAN, session=SESSION),
    events.Delivered(plan=PLAN, items=(item(1),), session=SESSION),
    events.Back(plan=PLAN, why="not-home", items=(item(2),), session=SESSION),
    events.Voided(events=(f"{KIOSK}.{EPOCH}.4.0123456789abcdef",), items=(item(1),)),
    events.Unrecognised(length=18, problem="not-ours", symbology="qr"),
    events.Refused(input="family", state="idle"),
    events.HelpWanted(),
    events.DeviceChanged(device="scanner-1", kind="scanner", ok=False, detail="unplugged"),
    events.Noticed(kind="hash-differs", epoch=EPOCH, seq=7),
    events.BoxReceived(
        session=SESSION, box=BOX, category="F1", place=codes.PLACE_IN, quantity=12, ready_made=True
    ),
    events.FoodRefused(
        category="F2", why="expired", retail=events.Retail(gtin="06901234567892"), session=SESSION
    ),
    events.Graded(items=(item(1),), grade="B", session=SESSION),
    events.ExpirySet(items=(item(1),), month="2027-03", session=SESSION),
    events.Quarantined(items=(item(1),), why="card", session=SESSION),
    events.Released(items=(item(1),), session=SESSION),
    events.LabelReprinted(item=item(1), session=SESSION),
    events.Sealed(box=BOX, session=SESSION),
    events.Sent(to=PLACE_AWAY, kind="stop", items=(BOX,), session=SESSION),
    events.Arrived(place=codes.PLACE_IN, items=(BOX,), session=SESSION),
    events.Missing(items=(item(2),), plan=PLAN, session=SESSION),
    events.Disposed(items=(item(2),), why="B", session=SESSION),
    events.MarketOpened(market=SESSION),
    events.Sold(market=SESSION, price=50, item=item(1), category="C1", pay="W"),
    events.SaleTakenBack(market=SESSION, price=50, item=item(1), pay="C"),
    events.MarketClosed(market=SESSION, sales=7, recorded=350, cash=300, counted=290),
    events.CountOpened(count=SESSION),
    events.ShelfOpened(count=SESSION, place=codes.PLACE_IN),
    events.Counted(count=SESSION, place=codes.PLACE_IN, item=item(1), outcome="ok"),
    events.FoundUnlabelled(count=SESSION, place=codes.PLACE_IN, item=item(3), category="ZZ"),
    events.ShelfClosed(count=SESSION, place=codes.PLACE_IN, seen=2, expected=3, missing=1),
    events.CountPaused(count=SESSION, why="rest"),
    events.CountResumed(count=SESSION),
    events.CountClosed(count=SESSION, shelves=1, seen=2),
    events.TimeOffered(session=SESSION, skill="02", half_hours=4),
    events.WorkStarted(session=SESSION),
    events.WorkEnded(
        session=SESSION, started=f"{KIOSK}.{EPOCH}.4.0123456789abcdef", minutes=95, how="rule"
    ),
    events.Contributed(session=SESSION, campaign=1, count=2),
    events.RollChanged(role="label"),
    events.Reserved(plan=PLAN, items=(item(1), BOX)),
    events.Unreserved(items=(item(1),), why="plan-closed"),
    events.KitBuilt(box=BOX, kit="winter", items=(item(1), item(2))),
    events.KitBroken(box=BOX, items=(item(1), item(2))),
    events.Corrected(
        items=(item(1),),
        status="in_stock",
        why="found",
        place=codes.PLACE_IN,
        compared=(f"{KIOSK}.{EPOCH}.4.0123456789abcdef",),
    ),
    events.CountPlanned(
        count=SESSION,
        places=(codes.PLACE_IN,),
        categories=("F1",),
        blind=False,
        recount="always",
    ),
    events.CountJoined(count=SESSION, part="5e55000000000002"),
    events.RecountAsked(count=SESSION, places=(codes.PLACE_IN,)),
    events.CountApproved(count=SESSION, position=12, seen=40, missing=1),
    events.CountCancelled(count=SESSION, why="mistake"),
    events.PresumedMissing(count=SESSION, items=(item(2),), since=1_767_225_600_000),
    events.MonthClosed(
        number=1, month="2026-10", position=12, head=events.ZERO_HASH, digest=events.ZERO_HASH
    ),
    events.MonthRestated(number=1, position=13, digest=events.ZERO_HASH),
    events.RecallOpened(recall=SESSION, gtin="06901234567892", lot="L1", why="maker"),
    events.RecallClosed(recall=SESSION),
    events.IncidentRuled(incident="unknown-item:G1", kind="unknown-item", ruling="void", events=()),
    events.Priced(items=(item(1),), price=50),
    events.BatchReceived(session=SESSION, rows=3, items=30),
    events.LabelVoided(item=item(4)),
    events.FindIdentified(count=SESSION, place=codes.PLACE_IN, find=item(3), item=item(2)),
)
"""One body of every type of this release, with every optional field given."""


def chain(
    bodies: Iterable[events.Body],
    *,
    kiosk: str = KIOSK,
    epoch: str = EPOCH,
    prev: str = events.ZERO_HASH,
    first: int = 1,
) -> list[events.Event]:
    """``bodies`` as consecutive events of one epoch; salts are derived, so it repeats exactly."""
    chained: list[events.Event] = []
    for seq, body in enumerate(bodies, start=first):
        public = events.Public(
            v=events.VERSION,
            kiosk=kiosk,
            epoch=epoch,
            seq=seq,
            boot=BOOT,
            mono=60_000 + 1_000 * seq,
            wall=1_767_225_660_000 + 1_000 * seq,
            clock=True,
            lane="lane-1",
            body=body,
        )
        person = events.person_hash(codes.token_code(Kind.PERSON, bytes(10)))
        private = events.Private(person=person if isinstance(body, events.SessionOpened) else None)
        salt = hashlib.sha256(f"{kiosk} {epoch} {seq}".encode()).digest()[:16]
        event = events.encode(public, private, prev=prev, salt=salt)
        chained.append(event)
        prev = event.hash
    return chained


def header(chained: Sequence[events.Event]) -> batches.Header:
    """The header of a batch of these consecutive events."""
    public = chained[0].public
    return batches.Header(public.epoch, public.seq, len(chained), chained[-1].hash)


def batch(chained: Sequence[events.Event]) -> tuple[bytes, list[tuple[str, str]]]:
    """Payload and user properties of the batch of these consecutive events."""
    head = header(chained)
    return batches.encode(head, [event.raw for event in chained]), batches.properties(head)
