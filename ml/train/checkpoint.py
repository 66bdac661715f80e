"""The whole state of a training run in one file: weights, optimiser, epoch, curve, random states, configuration.

Written to a temporary name, flushed to the disk and renamed: whoever kills the process finds the previous file
whole. Read with `weights_only`, so that a file from elsewhere cannot run code.
"""

import hashlib
import json
import os
import pickle
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

Config = Mapping[str, Any]  # plain JSON values


class CheckpointRefused(ValueError):
    """The file cannot be continued; the message names the file, and the field where a configuration differs."""


@dataclass(frozen=True)
class Checkpoint:
    config: Config
    epoch: int  # epochs that are complete
    net: dict[str, Tensor]
    optimiser: dict[str, Any]
    random: dict[str, Any]  # as `random_states` gives it
    curve: list[dict[str, Any]]  # one record an epoch


def config_sha256(config: Config) -> str:
    return hashlib.sha256(json.dumps(dict(config), sort_keys=True).encode()).hexdigest()


def save(path: Path, state: Checkpoint) -> None:
    content = {**vars(state), "config": dict(state.config), "config_sha256": config_sha256(state.config)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself
    finally:
        os.close(folder)


def load(path: Path, config: Config | None = None) -> Checkpoint:
    """Raises CheckpointRefused if the file is absent or damaged, or was written under another configuration
    than `config`; None takes any (a starting point, not a continuation)."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        digest = content.pop("config_sha256")
        state = Checkpoint(**content)
    except FileNotFoundError as error:
        raise CheckpointRefused(f"{path}: there is no such checkpoint") from error
    except (
        OSError,
        EOFError,
        RuntimeError,
        pickle.UnpicklingError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise CheckpointRefused(f"{path} is not a whole checkpoint: {error}") from error
    if digest != config_sha256(state.config):
        raise CheckpointRefused(f"{path} is not a whole checkpoint: its configuration was changed")
    if config is not None and (different := difference(state.config, config)):
        raise CheckpointRefused(f"{path} was written by another run: {different}")
    return state


def difference(written: Config, asked: Config) -> str:
    """The first field that differs, in words; empty if none does."""
    absent = object()
    for name in sorted(written.keys() | asked.keys()):
        was, now = written.get(name, absent), asked.get(name, absent)
        if was != now:
            words = ["absent" if value is absent else json.dumps(value) for value in (was, now)]
            return f"{name} was {words[0]}, now {words[1]}"
    return ""


def random_states(rng: np.random.Generator) -> dict[str, Any]:
    """Of torch (all devices), of Python, and of the numpy generator in use."""
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": json.dumps(random.getstate()),
        "numpy": json.dumps(rng.bit_generator.state),
    }


def restore_random_states(states: Mapping[str, Any], rng: np.random.Generator) -> None:
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
    version, numbers, gauss = json.loads(states["python"])
    random.setstate((version, tuple(numbers), gauss))
    rng.bit_generator.state = json.loads(states["numpy"])
