"""When the face model changes: templates of two versions are never compared, their owners enrol again.

No picture is kept (the consent says so), so nobody but the shopper can make templates for another model. Each is
asked once a version. What the earlier model made rests until the shopper has enrolled again, erases the face, or
the operator drops it: while it rests, going back to that model costs nobody anything.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select

from backend.clock import Ids
from backend.db import audit, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Runner, Transaction
from backend.errors import Refusal
from backend.faces import vault
from backend.faces.enrol import TEMPLATES_MIN
from backend.faces.ports import KeyWrap
from backend.faces.tables import templates
from backend.identity import consents

ASKED = uuid.UUID("5f7e5f0c-3a4b-5c55-9c39-0d3f3f6b8a10")  # namespace of the ids of FACE_OUTDATED


@dataclass(frozen=True, slots=True)
class Version:
    model: str
    shoppers: int
    templates: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One shopper, seen from one model."""

    consented: bool
    templates: int  # of that model
    others: int
    asked: bool  # to enrol for that model

    @property
    def outdated(self) -> bool:
        return self.consented and outdated(self.templates, self.templates + self.others)


def outdated(enrolled: int, stored: int) -> bool:
    """Whether a face was enrolled, and not for this model. enrolled: templates of this model, stored: of all."""
    return enrolled < TEMPLATES_MIN and stored > enrolled


def open_references(
    run: Runner, keys: Runner, key_wrap: KeyWrap, shopper_id: str, *, model: str
) -> list[bytes]:
    """What a probe of this model is compared with.

    Raises Refusal face_not_enrolled, face_outdated (enrolled for another model), template_unreadable.
    """
    opened = vault.open_templates(run, keys, key_wrap, shopper_id, model=model)
    if len(opened) >= TEMPLATES_MIN:
        return opened
    count = run.read(lambda tx: vault.count(tx, shopper_id))
    raise Refusal("face_outdated" if outdated(len(opened), count) else "face_not_enrolled")


def stored(tx: Transaction, *, model: str) -> list[Version]:
    """Every version that templates are of, the given one first, then by shoppers."""
    shoppers = func.count(templates.c.shopper_id.distinct())
    rows = tx.execute(select(templates.c.model, shoppers, func.count()).group_by(templates.c.model)).all()
    found = {row[0]: Version(*row) for row in rows}
    present = found.pop(model, Version(model, 0, 0))
    return [present, *sorted(found.values(), key=lambda each: (-each.shoppers, each.model))]


def count_outdated(tx: Transaction, *, model: str) -> int:
    """Shoppers who have to enrol again before their face pays."""
    of_model = func.sum(case((templates.c.model == model, 1), else_=0))
    outdated = (
        select(templates.c.shopper_id)
        .where(consents.stands(templates.c.shopper_id))
        .group_by(templates.c.shopper_id)
        .having(of_model < TEMPLATES_MIN, func.count() > of_model)
    )
    return int(tx.execute(select(func.count()).select_from(outdated.subquery())).scalar_one())


def count_with_others(tx: Transaction, *, model: str) -> int:
    return int(tx.execute(select(func.count()).select_from(_with_others(model).subquery())).scalar_one())


def with_others(tx: Transaction, *, model: str, after: str | None, limit: int) -> list[str]:
    """Shoppers with templates of another model, by id, from the first after `after`."""
    wanted = _with_others(model)
    if after is not None:
        wanted = wanted.where(templates.c.shopper_id > after)
    return list(tx.execute(wanted.order_by(templates.c.shopper_id).limit(limit)).scalars())


def standing(tx: Transaction, shopper_id: str, *, model: str, lock: bool = False) -> Standing:
    """With `lock`, no picture and no withdrawal comes in before this transaction ends."""
    consented = consents.standing(tx, shopper_id, lock=lock) is not None
    of_model = vault.count(tx, shopper_id, model=model)
    others = vault.count(tx, shopper_id) - of_model
    return Standing(consented, of_model, others, outbox.is_there(tx, asked_id(shopper_id, model)))


def ask_again(tx: Transaction, shopper_id: str, *, model: str, now: datetime) -> bool:
    """Tell the shopper to enrol for this model; False if that was said already."""
    happening = Happening(
        asked_id(shopper_id, model), Kind.FACE_OUTDATED, shopper_id, {"model": model}, shopper_id=shopper_id
    )
    return outbox.add_once(tx, happening, now=now)


def drop_others(tx: Transaction, shopper_id: str, *, model: str, ids: Ids, now: datetime) -> int:
    """The key stays: it seals what is enrolled next. What a backup still holds of them goes with the backup."""
    dropped = vault.delete_templates(tx, shopper_id, besides_model=model)
    if dropped:
        audit.record(
            tx,
            entry_id=ids.uuid7(),
            at=now,
            actor="system",
            action="face.dropped",
            subject=shopper_id,
            details={"templates": dropped, "kept": model},
        )
    return dropped


def asked_id(shopper_id: str, model: str) -> str:
    """Always the same, so that a run that was cut off, or another at once, asks nobody twice."""
    return str(uuid.uuid5(ASKED, f"{shopper_id}/{model}"))


def _with_others(model: str) -> Select[str]:
    return select(templates.c.shopper_id).where(templates.c.model != model).distinct()
