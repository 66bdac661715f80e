"""Services as tests need them: real but for time, hashing and faces; what a test is about it gives itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.adapters.inbox_notifier import InboxOnly
from backend.adapters.key_wrap import FileKeyWrap
from backend.adapters.request_counts import InMemory
from backend.adapters.webhook_sender import HttpWebhookSender
from backend.clock import SystemIds
from backend.db.transaction import Runner
from backend.settings import Settings
from backend.wiring import Services
from catalogue.labels import LabelKey
from tests.backend.identity.keys import sealer, tokens
from tests.fakes import MovedClock, NamedFaces, QuickHasher

LABEL_KEY = LabelKey.from_seed("A1", b"1" * 32)


def services_of(settings: Settings, run: Runner, keys: Runner, **changes: Any) -> Services:
    """Nothing leaves the process: messages stay in the inbox. changes: fields of Services."""
    usual = Services(
        settings=settings,
        run=run,
        keys=keys,
        clock=MovedClock(),
        ids=SystemIds(),
        pin_hasher=QuickHasher(),
        faces=NamedFaces(),
        key_wrap=FileKeyWrap(b"k" * 32),
        sealer=sealer(),
        tokens=tokens(),
        notifier=InboxOnly(),
        gateway=None,
        webhook_sender=HttpWebhookSender(private=True),
        request_counts=InMemory(),
        label_key=LABEL_KEY,
        label_keys={LABEL_KEY.id: LABEL_KEY.verifying()},
    )
    return replace(usual, **changes)
