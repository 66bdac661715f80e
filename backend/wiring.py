"""The composition root: the only place that knows which adapter is real."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backend.adapters.inbox_notifier import InboxOnly
from backend.adapters.jose import JoseSealer, Tokens
from backend.adapters.key_wrap import FileKeyWrap
from backend.adapters.pin_hasher import Argon2PinHasher
from backend.adapters.request_counts import InMemory, RequestCounts
from backend.adapters.steady_clock import steady_clock
from backend.adapters.webhook_sender import HttpWebhookSender
from backend.checkout.ports import PaymentGateway, Sealer
from backend.clock import Clock, Ids, SystemIds
from backend.db.transaction import Runner, engine_for, keys_engine_for
from backend.errors import SettingsRefused
from backend.faces.ports import FaceEngine, KeyWrap
from backend.identity.ports import PinHasher
from backend.messages.ports import Notifier, WebhookSender
from backend.orders.ports import InvoiceStamper
from backend.settings import STRIPE_KEY_FILES, Settings, secret_file
from catalogue.labels import LabelKey, LabelKeys, VerifyingKey
from ml.face.manifest import ModelsUnusable

LABEL_KEY_ID = "A1"
STRIPE_KEYS_BEGIN = (("sk_", "rk_"), ("whsec_",))


@dataclass(frozen=True)
class Services:
    settings: Settings
    run: Runner
    keys: Runner  # over the store of wrapped per-shopper keys
    clock: Clock
    ids: Ids
    pin_hasher: PinHasher
    faces: FaceEngine
    key_wrap: KeyWrap
    sealer: Sealer
    tokens: Tokens
    notifier: Notifier
    gateway: PaymentGateway | None  # None: no cards
    webhook_sender: WebhookSender
    request_counts: RequestCounts
    label_key: LabelKey
    label_keys: LabelKeys
    stamper: InvoiceStamper | None = None  # of the second phase of Saudi invoices


def build(
    settings: Settings,
    *,
    faces: FaceEngine | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Services:
    """Everything real, but for what is given. Raises SettingsRefused for a missing, short or readable key,
    and for face models that are not whole."""
    sealer = JoseSealer(secret_file(settings, "grant-signing.pem"), issuer=settings.public_host)
    label_key = label_key_of(settings)
    run = Runner(engine_for(settings.main_url))
    return Services(
        settings=settings,
        run=run,
        keys=Runner(keys_engine_for(settings.keys_url)),
        clock=clock or steady_clock(run, data=settings.data),
        ids=ids or SystemIds(),
        pin_hasher=Argon2PinHasher(
            {1: secret_file(settings, "pepper.key")}, parallel_max=settings.hash_parallel_max
        ),
        faces=faces or face_engine(settings),
        key_wrap=FileKeyWrap(secret_file(settings, "kek.key")),
        sealer=sealer,
        tokens=Tokens(
            access_pem=secret_file(settings, "access-signing.pem"),
            refresh_key=secret_file(settings, "refresh.key"),
            digest_key=secret_file(settings, "digest.key"),
            issuer=settings.public_host,
            also_published=[sealer.public_jwk],
        ),
        notifier=notifier_for(settings),
        gateway=gateway_for(settings),
        webhook_sender=HttpWebhookSender(private=settings.webhook_private),
        request_counts=request_counts_for(settings),
        label_key=label_key,
        label_keys={label_key.id: VerifyingKey(label_key.private.public_key(), retired=False)},
    )


def label_key_of(settings: Settings) -> LabelKey:
    private = load_pem_private_key(secret_file(settings, "label-signing.pem"), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise SettingsRefused([f"{settings.key_path('label-signing.pem')}: is not an Ed25519 key"])
    return LabelKey(LABEL_KEY_ID, private)


def notifier_for(settings: Settings) -> Notifier:
    if settings.notifier == "expo":
        from backend.adapters.expo import ExpoNotifier  # 0.1 s that a shop without it saves

        return ExpoNotifier(settings.expo_url, access_token=settings.expo_access_token)
    return InboxOnly()


def request_counts_for(settings: Settings) -> RequestCounts:
    if not settings.redis_url:
        return InMemory()
    from backend.adapters.redis_counts import InRedis  # half a second that one node alone saves

    return InRedis(settings.redis_url)


def gateway_for(settings: Settings) -> PaymentGateway | None:
    """Raises SettingsRefused for one key without the other, and for one that is not what its name says."""
    there = [name for name in STRIPE_KEY_FILES if settings.key_path(name).exists()]
    if not there:
        return None
    texts = [secret_file(settings, name).decode("ascii", "replace").strip() for name in STRIPE_KEY_FILES]
    wrong = [
        f"{settings.key_path(name)}: does not begin with {' or '.join(beginnings)}"
        for name, text, beginnings in zip(STRIPE_KEY_FILES, texts, STRIPE_KEYS_BEGIN, strict=True)
        if not text.startswith(beginnings)
    ]
    if wrong:
        raise SettingsRefused(wrong)
    from backend.adapters.stripe_gateway import StripeGateway  # 30 MB that a shop without cards saves

    return StripeGateway(*texts, url=settings.stripe_url, account=settings.stripe_account)


def face_engine(settings: Settings) -> FaceEngine:
    from backend.adapters.face_engine import OnnxFaceEngine  # a worker does without ONNX Runtime

    try:
        return OnnxFaceEngine.load(
            parallel_max=settings.face_parallel_max,
            fmr=settings.face_fmr,
            models=settings.models,
        )
    except ModelsUnusable as problem:
        raise SettingsRefused([f"SMARTPAY_FACE_MODELS: {problem}"]) from None
