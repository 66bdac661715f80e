"""Looking after enrolled faces when the model changes, as an operator does."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from sqlalchemy import func, select

from backend import cli
from backend.clock import SystemClock
from backend.db import audit
from backend.db.audit import audit_entries
from backend.db.outbox import Kind, outbox
from backend.db.schema import metadata
from backend.faces.tables import templates
from backend.operations import faces
from backend.operations.faces import present_model, re_embed, status
from backend.settings import Settings
from tests.backend.faces.people import an_enrolled_shopper, consent, take_with
from tests.backend.identity.people import IDS, a_shopper
from tests.fakes import NamedFaces
from tests.whole_shop import digests

OLD, NEW = "named-faces-1", "named-faces-2"

CUT_OFF = """
import os, signal, sys
from backend.clock import SystemClock, SystemIds
from backend.db.transaction import Runner, engine_for
from backend.operations.faces import re_embed

class Ids(SystemIds):
    calls = 0

    def uuid7(self):  # the third shopper is told and their templates are deleted, but nothing is committed
        self.calls += 1
        if self.calls == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().uuid7()

run = Runner(engine_for(sys.argv[1]))
re_embed(run, model=sys.argv[2], drop=True, dry_run=False, ids=Ids(), clock=SystemClock())
"""


def renew(run, *, model=NEW, drop=False, dry_run=False, tell=lambda _done, _total: None):
    return re_embed(run, model=model, drop=drop, dry_run=dry_run, ids=IDS, clock=SystemClock(), tell=tell)


def asked(run):
    query = select(outbox.c.shopper_id).where(outbox.c.kind == Kind.FACE_OUTDATED)
    return run.read(lambda tx: sorted(tx.execute(query).scalars()))


def stored(run):
    query = select(templates.c.model, func.count()).group_by(templates.c.model)
    return run.read(lambda tx: dict(tx.execute(query).all()))


def contents(run):
    return run.read(lambda tx: digests(tx, metadata))


@pytest.fixture
def people(run, keys):
    """Three enrolled for the old model, one of them also begun anew, and one enrolled for the new one."""
    old = [an_enrolled_shopper(run, keys, name=name) for name in ("Amal", "Badr", "Carim")]
    take_with(NamedFaces(NEW), run, keys, old[0], b"face of Amal, take 9")
    new = a_shopper(run)
    consent(run, new)
    for take in range(3):
        take_with(NamedFaces(NEW), run, keys, new, f"face of Dana, take {take}".encode())
    return sorted(old)


def test_the_status_counts_by_version_with_the_present_one_first(run, people):
    found = status(run, model=NEW)
    assert [(each.model, each.shoppers, each.templates) for each in found.versions] == [
        (NEW, 2, 4),
        (OLD, 3, 9),
    ]
    assert (found.outdated, status(run, model=OLD).outdated) == (3, 1)


def test_everybody_of_another_version_is_asked_and_nothing_is_dropped(run, people):
    done = renew(run)
    assert (done.shoppers, done.asked, done.asked_before, done.templates_dropped) == (3, 3, 0, 0)
    assert asked(run) == people
    assert stored(run) == {OLD: 9, NEW: 4}


def test_a_second_run_changes_nothing(run, people):
    renew(run)
    before = contents(run)
    again = renew(run)
    assert (again.asked, again.asked_before) == (0, 3)
    assert contents(run) == before


def test_a_dry_run_says_what_the_real_one_does_and_changes_nothing(run, people):
    before = contents(run)
    dry = renew(run, drop=True, dry_run=True)
    assert contents(run) == before
    real = renew(run, drop=True)
    assert {**dry.to_json(), "dry_run": False} == real.to_json()
    assert (real.asked, real.templates_dropped) == (3, 9)


def test_what_is_dropped_stands_in_the_audit_trail(run, people):
    renew(run, drop=True)
    assert stored(run) == {NEW: 4}
    rows = run.read(
        lambda tx: tx.execute(select(audit_entries).where(audit_entries.c.action == "face.dropped")).all()
    )
    assert {(row.subject, row.actor, row.details["templates"], row.details["kept"]) for row in rows} == {
        (shopper_id, "system", 3, NEW) for shopper_id in people
    }
    run(lambda tx: audit.chain(tx))
    assert run.read(audit.first_broken) is None


def test_leftovers_of_an_attempt_are_dropped_without_asking_who_is_enrolled(run, people):
    done = renew(run, model=OLD, drop=True)
    assert (done.shoppers, done.asked, done.enrolled_again, done.templates_dropped) == (2, 1, 1, 4)


def test_killed_in_the_middle_it_leaves_nobody_half_done_and_the_next_run_ends_it(run, people):
    url = run.engine.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", CUT_OFF, url, NEW], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (asked(run), stored(run)) == (people[:2], {OLD: 3, NEW: 4})
    done = renew(run, drop=True)
    assert (done.shoppers, done.asked, done.templates_dropped) == (1, 1, 3)
    assert (asked(run), stored(run)) == (people, {NEW: 4})


def test_shoppers_are_gone_through_batch_by_batch(run, people, monkeypatch):
    monkeypatch.setattr(faces, "BATCH", 2)
    told = []
    assert renew(run, drop=True, tell=lambda done, total: told.append((done, total))).shoppers == 3
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_operator_sees_the_present_version_and_why_nothing_is_embedded_anew(folder, capsys):
    assert cli.main(["--data", str(folder), "faces", "status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    nobody = {"model": present_model(Settings()), "shoppers": 0, "templates": 0}
    assert found == {"model": present_model(Settings()), "versions": [nobody], "outdated": 0}
    assert cli.main(["--data", str(folder), "faces", "status"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["*", present_model(Settings()), "0", "0"]
    assert cli.main(["--data", str(folder), "faces", "re-embed", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(
        f"present model: {present_model(Settings())} (dry run: nothing was changed)\nThis shop keeps no pictures"
    )
    assert said.err == ""  # the bar is for terminals


def test_the_command_works_on_either_database(settings, run, keys, monkeypatch, capsys):
    shopper_id = an_enrolled_shopper(run, keys)
    monkeypatch.setenv("DATABASE_URL", settings.main_url)
    assert cli.main(["--data", str(settings.data), "faces", "re-embed", "--drop", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["asked"], done["templates_dropped"], done["re_embedded"], done["dry_run"]) == (
        1,
        3,
        0,
        False,
    )
    assert (asked(run), stored(run)) == ([shopper_id], {})
