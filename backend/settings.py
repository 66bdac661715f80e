"""One typed object from the environment and an ignored file; whatever is wrong stops the start and is named.

Only this module reads the environment. `docs/settings.md` is made from the fields below (`smartpay doctor
--settings`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backend.errors import SettingsRefused
from ml.face.manifest import MODELS

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # as prometheus_client calls it
ENV_FILE = "smartpay.env"  # inside the data folder, mode 0600
KEY_FILES = (
    "grant-signing.pem",
    "access-signing.pem",
    "label-signing.pem",
    "kek.key",
    "pepper.key",
    "refresh.key",
    "digest.key",
)
STRIPE_KEY_FILES = ("stripe.key", "stripe-webhook.key")  # put there by whoever takes cards; both or neither


def setting(name: str, default: Any, read: Callable[[str], Any], meaning: str) -> Any:
    return field(default=default, metadata={"name": name, "read": read, "meaning": meaning})


def whole(at_least: int, at_most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not at_least <= number <= at_most:
            raise ValueError(f"must be between {at_least} and {at_most}")
        return number

    return read


def seconds(at_least: int, at_most: int) -> Callable[[str], timedelta]:
    number = whole(at_least, at_most)
    return lambda text: timedelta(seconds=number(text))


def one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return text == "yes"


def rate_of(*choices: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        if float(text) not in choices:
            raise ValueError(f"must be one of {', '.join(f'{choice:g}' for choice in choices)}")
        return float(text)

    return read


def database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return text


def redis_url(text: str) -> str:
    """redis://[user:password@]host[:port][/number]; rediss:// with TLS, unix:// for a socket."""
    parts = urlsplit(text)
    if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
        raise ValueError("must begin with redis://, rediss:// or unix:// and name a host or a socket")
    if parts.scheme != "unix" and not re.fullmatch(r"/?[0-9]*", parts.path):
        raise ValueError("must end with the number of a database, or nothing")
    assert parts.port is None or parts.port  # a port that is none raises ValueError
    return text


def host_name(text: str) -> str:
    if not text or any(c in text for c in "/ :@?#") or len(text) > 64:
        raise ValueError("must be a bare host name of at most 64 characters")
    return text.lower()


def safe_url(text: str) -> str:
    if not text.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("must begin with https://, or be this machine: http://127.0.0.1:PORT")
    return text.rstrip("/")


@dataclass(frozen=True)
class Settings:
    data: Path = setting("SMARTPAY_DATA", Path("var"), Path, "Folder of database, keys and demo logins.")
    database_url: str = setting(
        "DATABASE_URL", "", database_url, "SQLite or PostgreSQL; default: a SQLite file in the data folder."
    )
    redis_url: str = field(
        default="",
        repr=False,  # may hold a password
        metadata={
            "name": "REDIS_URL",
            "read": redis_url,
            "meaning": "Redis that all nodes share, for SMARTPAY_REQUESTS_PER_MINUTE_MAX; may be lost at any time.",
        },
    )
    public_host: str = setting(
        "SMARTPAY_PUBLIC_HOST", "shop.example", host_name, "Host name that stands on printed labels."
    )
    notifier: str = setting(
        "SMARTPAY_NOTIFIER", "inbox", one_of("inbox", "expo"), "inbox: devices fetch; expo: pushed as well."
    )
    expo_url: str = setting(
        "SMARTPAY_EXPO_URL", "https://exp.host", str, "Where the Expo push service answers."
    )
    expo_access_token: str = field(
        default="",
        repr=False,
        metadata={
            "name": "SMARTPAY_EXPO_ACCESS_TOKEN",
            "read": str,
            "meaning": "Expo access token, if the project demands one.",
        },
    )
    stripe_url: str = setting(
        "SMARTPAY_STRIPE_URL",
        "https://api.stripe.com",
        safe_url,
        "Where Stripe's API answers; cards are taken once stripe.key and stripe-webhook.key are in keys/.",
    )
    stripe_account: str | None = setting(
        "SMARTPAY_STRIPE_ACCOUNT", None, str, "Connected account that is paid; default: the key's own."
    )
    card_wait: timedelta = setting(
        "SMARTPAY_CARD_WAIT_S",
        timedelta(minutes=15),
        seconds(60, 3600),
        "How long a shopper may take to confirm a card payment; the goods are held five minutes more.",
    )
    webhook_private: bool = setting(
        "SMARTPAY_WEBHOOK_PRIVATE",
        False,
        yes_or_no,
        "yes: integrators' endpoints may lie in private networks and speak plain HTTP.",
    )
    grant_lifetime: timedelta = setting(
        "SMARTPAY_GRANT_LIFETIME_S", timedelta(seconds=120), seconds(10, 120), "How long a grant may pay."
    )
    access_lifetime: timedelta = setting(
        "SMARTPAY_ACCESS_LIFETIME_S", timedelta(minutes=10), seconds(60, 3600), "Life of an access token."
    )
    cart_lifetime: timedelta = setting(
        "SMARTPAY_CART_LIFETIME_S",
        timedelta(minutes=15),
        seconds(5, 7200),
        "Reservation time from the last scan.",
    )
    checkout_lifetime: timedelta = setting(
        "SMARTPAY_CHECKOUT_LIFETIME_S",
        timedelta(minutes=5),
        seconds(5, 600),
        "How long a checkout holds its goods.",
    )
    uncollected_days: int = setting(
        "SMARTPAY_UNCOLLECTED_DAYS",
        3,
        whole(1, 60),
        "How many days a packed order waits; then it is cancelled and refunded, its goods go back on the shelf.",
    )
    face_parallel_max: int = setting(
        "SMARTPAY_FACE_PARALLEL_MAX",
        2,
        whole(1, 64),
        "Faces worked on at once; more get 503 and Retry-After.",
    )
    face_models: Path | None = setting(
        "SMARTPAY_FACE_MODELS",
        None,
        Path,
        "Folder of face models and their manifest.json; default: what ships.",
    )
    face_fmr: float = setting(
        "SMARTPAY_FACE_FMR",
        1e-4,
        rate_of(1e-3, 1e-4, 1e-5),
        "How often a stranger's face may match: 0.001, 0.0001 or 0.00001. Lower refuses more shoppers.",
    )
    hash_parallel_max: int = setting(
        "SMARTPAY_HASH_PARALLEL_MAX", 4, whole(1, 64), "PIN and password hashes worked on at once."
    )
    trusted_proxies: int = setting(
        "SMARTPAY_TRUSTED_PROXIES",
        0,
        whole(0, 5),
        "Proxies of ours in front, whose X-Forwarded-For and -Proto are believed; 0: nobody's are.",
    )
    requests_per_minute_max: int = setting(
        "SMARTPAY_REQUESTS_PER_MINUTE_MAX",
        0,
        whole(0, 10_000_000),
        "Requests a minute from one network, by all nodes with REDIS_URL, else by each process; 0: any number.",
    )
    guests_per_hour_max: int = setting(
        "SMARTPAY_GUESTS_PER_HOUR_MAX",
        1_000,
        whole(1, 10_000_000),
        "New guests an hour from one network (/24 of IPv4, /56 of IPv6); more get 429.",
    )
    log_level: str = setting(
        "SMARTPAY_LOG_LEVEL",
        "INFO",
        one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        "Least severity that is logged.",
    )

    @property
    def main_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'smartpay.sqlite'}"

    @property
    def keys_url(self) -> str:
        """SQLite: a second file. PostgreSQL: the same server, schema `keys`."""
        url = self.main_url
        return f"sqlite:///{self.data / 'subject-keys.sqlite'}" if url.startswith("sqlite") else url

    @property
    def models(self) -> Path:
        """The folder of face models that a start loads."""
        return self.face_models or MODELS

    @property
    def keys_folder(self) -> Path:
        return self.data / "keys"

    def key_path(self, name: str) -> Path:
        assert name in KEY_FILES + STRIPE_KEY_FILES, name
        return self.keys_folder / name


def load(environment: Mapping[str, str] | None = None, *, data: Path | None = None) -> Settings:
    """Settings from the data folder's env file, overridden by the environment; `data` by argument.

    Raises SettingsRefused that names every fault.
    """
    # Before anything loads NumPy: otherwise OpenBLAS deals each small product to a thread on every core, and on a busy
    # machine these wait for each other (comparing two faces took 16 ms instead of 0.6).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    env = dict(os.environ if environment is None else environment)
    if data is not None:
        env["SMARTPAY_DATA"] = str(data)
    data = Path(env.get("SMARTPAY_DATA", "var"))
    known = {f.metadata["name"]: f for f in fields(Settings)}
    values = {**read_env_file(data / ENV_FILE), **{k: v for k, v in env.items() if k in known}}
    problems = [f"{name}: unknown setting" for name in values if name not in known]
    problems += [
        f"{name}: unknown setting"
        for name in env
        if name.startswith("SMARTPAY_") and name not in known and name != "SMARTPAY_FACES"
    ]
    if env.get("FIREBASE_AUTH_EMULATOR_HOST"):
        problems.append(
            "FIREBASE_AUTH_EMULATOR_HOST: an emulator accepts forged sign-ins and must not be set here"
        )
    read: dict[str, Any] = {}
    for name, text in values.items():
        if name not in known:
            continue
        try:
            read[known[name].name] = known[name].metadata["read"](text)
        except ValueError as wrong:
            problems.append(f"{name}: {wrong}")
    if problems:
        raise SettingsRefused(problems)
    return Settings(**read)


def environment_elsewhere() -> dict[str, str]:
    """For a child process over a data folder of its own: everything but which data are ours."""
    ours = ("SMARTPAY_DATA", "DATABASE_URL")
    return {name: text for name, text in os.environ.items() if name not in ours}


def metrics_folder() -> Path | None:
    """Where the processes of one server add up their figures; None: there is one process."""
    folder = os.environ.get(METRICS_FOLDER)
    return Path(folder) if folder else None


def share_metrics(folder: Path) -> None:
    """For this process and those that it starts; before they load what counts."""
    os.environ[METRICS_FOLDER] = str(folder)


def read_env_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    if path.stat().st_mode & 0o077:
        raise SettingsRefused([f"{path}: is readable by others; run: chmod 600 {path}"])
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def secret_file(settings: Settings, name: str) -> bytes:
    """The bytes of one key file. Raises SettingsRefused if it is absent, short or readable by others."""
    path = settings.key_path(name)
    if not path.exists():
        how = (
            "put it beside the other, or take that away" if name in STRIPE_KEY_FILES else "run: smartpay init"
        )
        raise SettingsRefused([f"{path}: missing; {how}"])
    if path.stat().st_mode & 0o077:
        raise SettingsRefused([f"{path}: is readable by others; run: chmod 600 {path}"])
    content = path.read_bytes()
    if len(content) < 32:
        raise SettingsRefused(
            [f"{path}: is too short to be a key; run: smartpay init in a fresh data folder"]
        )
    return content
