"""What the commands of `smartpay` do; each returns its exit status.

They import what they run inside their functions: `smartpay --help` then answers at once, and a start of the shop
does not pay for Alembic.
"""

from __future__ import annotations

import io
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend import settings as configuration
from backend.errors import SettingsRefused
from backend.settings import Settings
from backend.starting import nothing_collected

if TYPE_CHECKING:
    from backend.db.transaction import Runner
    from backend.identity.ports import PinHasher
    from backend.operations.backup_file import Manifest

OK = 0
FAILED = 1


def prepare(settings: Settings, options: Namespace) -> int:
    """One process instead of three: a start of the shop spends most of its time on imports."""
    options.reset = options.reset and settings.data.exists()  # nothing there, nothing to empty
    return init(settings, options) or migrate(settings, options) or seed(settings, options)


def init(settings: Settings, _options: Namespace) -> int:
    from backend.operations.init import init as make

    made = make(settings)
    print(f"{settings.data}: {f'{len(made)} keys made' if made else 'all keys are there'}")
    return OK


def migrate(settings: Settings, options: Namespace) -> int:
    from backend.operations import migrate as migrations

    if options.down:
        migrations.downgrade(settings.main_url, settings.keys_url, to=options.down)
    elif any(
        found.current != found.newest for found in migrations.versions(settings.main_url, settings.keys_url)
    ):
        migrations.upgrade(settings.main_url, settings.keys_url)
    for found in migrations.versions(settings.main_url, settings.keys_url):
        print(f"{found.history}: schema {found.current or 'empty'} (newest: {found.newest})")
    return OK


def seed(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock, SystemIds
    from backend.operations import migrate as migrations
    from backend.operations.seed import LOGINS_FILE
    from backend.operations.seed import seed as fill

    hasher = hasher_of(settings)
    if options.reset:
        if not (settings.data / LOGINS_FILE).exists():
            raise SettingsRefused([f"--reset empties only a demo shop, and {settings.data} is none"])
        migrations.downgrade(settings.main_url, settings.keys_url)
        migrations.upgrade(settings.main_url, settings.keys_url)
    with database(settings) as run:
        logins = fill(run, data=settings.data, hasher=hasher, ids=SystemIds(), now=SystemClock().now())
    print(f"Demo logins (kept in {settings.data / LOGINS_FILE}):")
    for one in logins:
        print(f"  {one.role:<14} {one.login:<10} {one.password}")
    return OK


def staff_add(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock, SystemIds
    from backend.operations.staff import add

    with database(settings) as run:
        password = add(
            run,
            login=options.login,
            name=options.name or options.login,
            role=options.role,
            store_codes=options.store,
            hasher=hasher_of(settings),
            ids=SystemIds(),
            now=SystemClock().now(),
        )
    print(f"{options.login} may sign in with this password, shown once: {password}")
    return OK


def store_set(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock, SystemIds
    from backend.inventory.sellers import Seller
    from backend.operations.sellers import name_seller

    seller = Seller(options.legal_name, options.vat_number, options.address_en, options.address_ar)
    with database(settings) as run:
        name_seller(run, options.store, seller, ids=SystemIds(), now=SystemClock().now())
    print(f"{options.store}: receipts name {seller.legal_name}, VAT number {seller.vat_number}")
    return OK


def import_catalogue(settings: Settings, options: Namespace) -> int:
    from dataclasses import asdict

    from backend.clock import SystemClock, SystemIds
    from backend.operations.import_catalogue import CatalogueRefused, import_file

    try:
        with database(settings) as run:
            content = options.file.read_bytes()
            done = import_file(run, content, ids=SystemIds(), now=SystemClock().now())
    except CatalogueRefused as refused:
        if options.json:
            show({"ok": False, "refused": [asdict(line) for line in refused.lines]})
        for line in refused.lines:
            print(f"line {line.line}, {line.field}: {line.reason}", file=sys.stderr)
        print(f"{options.file}: nothing was imported", file=sys.stderr)
        return FAILED
    if options.json:
        show({"ok": True, **asdict(done)})
    else:
        print(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in asdict(done).items()))
    return OK


def serve(settings: Settings, options: Namespace) -> int:
    with nothing_collected():
        from backend.serve import serve as open_shop

    if options.demo:
        with redirect_stdout(io.StringIO()):  # the welcome says what there is to say
            prepare(settings, options)
    open_shop(
        settings,
        host=options.host,
        port=options.port,
        processes=options.processes,
        threads=options.threads,
        drain_s=options.drain_s,
        with_worker=not options.no_worker,
    )
    return OK


def work(settings: Settings, _options: Namespace) -> int:
    with nothing_collected():
        from backend.worker import work_alone

    work_alone(settings)
    return OK


def backup(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock
    from backend.operations.backup import back_up

    now = SystemClock().now()
    return held(options, lambda: back_up(settings, options.file, keys_path=keys_file(options), now=now))


def restore(settings: Settings, options: Namespace) -> int:
    from backend.operations.restore import restore as put_back

    return held(options, lambda: put_back(settings, options.file, keys_path=keys_file(options)))


def move(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock
    from backend.operations.restore import move as copy

    return held(options, lambda: copy(settings, options.to, now=SystemClock().now()))


def keys_file(options: Namespace) -> Path | None:
    file: Path = options.file
    return file.with_name(f"{file.name}.keys") if options.with_keys else None


def held(options: Namespace, work: Callable[[], Manifest]) -> int:
    """Runs it and says what the backup holds that was written or put back."""
    from backend.operations.backup_file import BackupRefused

    try:
        manifest = work()
    except BackupRefused as refused:
        if options.json:
            show({"ok": False, "refused": str(refused)})
        print(f"smartpay {options.command}: {refused}", file=sys.stderr)
        return FAILED
    if options.json:
        show({"ok": True, **manifest.to_json()})
    else:
        print(
            f"{manifest.rows} rows of {len(manifest.tables)} tables, schema {manifest.schema}, {manifest.made_at}"
        )
    return OK


def reconcile(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock
    from backend.operations.reconcile import reconcile as prove

    with database(settings) as run:
        report = prove(run, now=SystemClock().now(), since=options.since)
    if options.json:
        show(report.to_json())
    else:
        print("\n".join(report.to_lines()))
    return OK if report.ok else FAILED


def rollups(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock
    from backend.operations.rollups import rebuild

    with database(settings) as run:
        count = rebuild(run, since=options.since and options.since.date(), now=SystemClock().now())
    print(f"days of stores counted: {count}")
    return OK


def faces(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock, SystemIds
    from backend.operations import faces as upkeep

    model = upkeep.present_model(settings)
    report: upkeep.Status | upkeep.Renewal
    with database(settings) as run:
        if options.act == "status":
            report = upkeep.status(run, model=model)
        else:
            report = upkeep.re_embed(
                run,
                model=model,
                drop=options.drop,
                dry_run=options.dry_run,
                ids=SystemIds(),
                clock=SystemClock(),
                tell=upkeep.bar,
            )
    if options.json:
        show(report.to_json())
    else:
        print("\n".join(report.to_lines()))
    return OK


def webhooks(settings: Settings, options: Namespace) -> int:
    from backend.clock import SystemClock
    from backend.operations import webhooks as upkeep

    with database(settings) as run:
        if options.act == "replay":
            now = SystemClock().now()
            upkeep.replay(run, endpoint_id=str(options.endpoint), event_id=str(options.event), now=now)
        report = upkeep.status(run)
    if options.json:
        show(report.to_json())
    else:
        print("\n".join(report.to_lines()))
    return OK


def doctor(settings: Settings, options: Namespace) -> int:
    from backend.operations import doctor as pages

    if options.settings or options.problems:
        print(pages.settings_page() if options.settings else pages.problems_page(), end="")
        return OK
    found = pages.examine(settings, host=options.host, port=options.port)
    if options.json:
        show(pages.to_json(found))
    else:
        print("\n".join(pages.to_lines(found)))
    return OK if pages.healthy(found) else FAILED


def demo(_settings: Settings, options: Namespace) -> int:
    from backend.operations.demo import walk
    from backend.operations.demo_people import from_folder, from_portraits

    tell = partial(print, flush=True, file=io.StringIO() if options.json else sys.stdout)
    people = from_folder(options.faces) if options.faces else from_portraits()
    tell(people.note)
    report = walk(people, lambda step: tell(step.in_words()))
    if options.json:
        show(report.as_json())
    return OK if report.ok else FAILED


def bench(_settings: Settings, options: Namespace) -> int:
    from backend.operations.bench_faces import FaceBench

    asked = FaceBench(options.faces, options.shoppers, options.verifies)
    asked.run(options.json, tell=partial(print, flush=True))
    return OK


def hasher_of(settings: Settings) -> PinHasher:
    from backend.adapters.pin_hasher import Argon2PinHasher

    pepper = configuration.secret_file(settings, "pepper.key")
    return Argon2PinHasher({1: pepper}, parallel_max=settings.hash_parallel_max)


@contextmanager
def database(settings: Settings) -> Iterator[Runner]:
    from backend.db.transaction import Runner, engine_for

    engine = engine_for(settings.main_url, pool_size=1)
    try:
        yield Runner(engine)
    finally:
        engine.dispose()


def show(result: Any) -> None:
    print(json.dumps(result, ensure_ascii=False, indent=2, default=str))
