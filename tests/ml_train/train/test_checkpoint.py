import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.train.checkpoint import (
    Checkpoint,
    CheckpointRefused,
    load,
    random_states,
    restore_random_states,
    save,
)

CONFIG = {"size_px": 112, "lr": 0.001}


def state(epoch: int = 1, size: int = 3) -> Checkpoint:
    net = {"weight": torch.full((size,), float(epoch))}
    return Checkpoint(CONFIG, epoch, net, {}, random_states(np.random.default_rng(1)), [{"loss": 0.5}])


def test_what_is_saved_is_loaded(tmp_path: Path):
    save(tmp_path / "last.pt", state())
    loaded = load(tmp_path / "last.pt", CONFIG)
    assert loaded.curve == [{"loss": 0.5}]
    assert torch.equal(loaded.net["weight"], torch.ones(3))
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({**CONFIG, "lr": 0.03}, "lr was 0.001, now 0.03"),
        ({"size_px": 112}, "lr was 0.001, now absent"),
        ({**CONFIG, "variant": "fc-64"}, 'variant was absent, now "fc-64"'),
    ],
)
def test_a_checkpoint_of_another_configuration_names_the_field(tmp_path: Path, config, words):
    save(tmp_path / "last.pt", state())
    with pytest.raises(CheckpointRefused, match=words):
        load(tmp_path / "last.pt", config)


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, damage):
    file = tmp_path / "last.pt"
    save(file, state())
    file.write_bytes(file.read_bytes()[:-200] if damage is None else damage)
    with pytest.raises(CheckpointRefused, match=r"last\.pt"):
        load(file)


def test_an_absent_file_is_refused_by_name(tmp_path: Path):
    with pytest.raises(CheckpointRefused, match=r"none\.pt: there is no such"):
        load(tmp_path / "none.pt")


def test_random_states_come_back():
    rng = np.random.default_rng(5)
    states = random_states(rng)
    first = (torch.rand(3).tolist(), random.random(), rng.random())
    restore_random_states(states, rng)
    assert first == (torch.rand(3).tolist(), random.random(), rng.random())


WRITES_FOREVER = """
import sys, numpy as np
from pathlib import Path
from tests.ml_train.train.test_checkpoint import save, state
for epoch in range(1, 10_000):
    save(Path(sys.argv[1]), state(epoch, 300_000))
    print(epoch, flush=True)
"""


def test_a_kill_while_writing_leaves_a_whole_checkpoint(tmp_path: Path):
    file = tmp_path / "last.pt"
    for delay_s in (0.0, 0.003):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITES_FOREVER, str(file)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(3):
            written = int(writer.stdout.readline())
        time.sleep(delay_s)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        loaded = load(file, CONFIG)
        assert loaded.epoch >= written
        assert (loaded.net["weight"] == loaded.epoch).all()
