"""`smartpay init`: whole keys, for the owner only, and never twice."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backend.operations.init import init
from backend.settings import KEY_FILES, Settings, secret_file


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "a folder" / "var")


def contents(settings: Settings) -> dict[str, bytes]:
    return {name: settings.key_path(name).read_bytes() for name in KEY_FILES}


def test_makes_every_key_and_a_second_time_none(fresh: Settings) -> None:
    assert {path.name for path in init(fresh)} == set(KEY_FILES)
    before = contents(fresh)
    assert init(fresh) == []
    assert contents(fresh) == before


def test_makes_only_what_is_missing(fresh: Settings) -> None:
    init(fresh)
    before = contents(fresh)
    fresh.key_path("digest.key").unlink()
    assert init(fresh) == [fresh.key_path("digest.key")]
    after = contents(fresh)
    assert {name for name in KEY_FILES if before[name] != after[name]} == {"digest.key"}


def test_folders_and_keys_are_the_owners_alone(fresh: Settings) -> None:
    init(fresh)
    keys = fresh.data / "keys"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (fresh.data, keys, *keys.iterdir())}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {path.name for path in keys.iterdir()} == set(KEY_FILES)  # nothing half-written is left


def test_signing_keys_are_of_the_kind_that_their_use_asks_for(fresh: Settings) -> None:
    init(fresh)
    kinds = {
        name: load_pem_private_key(secret_file(fresh, f"{name}-signing.pem"), None)
        for name in ("grant", "access", "label")
    }
    assert isinstance(kinds["label"], ed25519.Ed25519PrivateKey)
    for name in ("grant", "access"):
        key = kinds[name]
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert isinstance(key.curve, ec.SECP256R1)
    assert len({secret_file(fresh, name) for name in KEY_FILES}) == len(KEY_FILES)


def test_two_starts_at_once_agree_on_the_keys(fresh: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [path for paths in pool.map(lambda _: init(fresh), range(4)) for path in paths]
    assert sorted(made) == sorted(fresh.key_path(name) for name in KEY_FILES)
