"""Two processes started by torch's own launcher see the loss and make the steps that one process does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = """
import json, sys
import numpy as np, torch
from ml.nets.paper_cnn import PaperCNN, VARIANTS
from ml.train.distributed import workers
from ml.train.losses import batch_hard_loss

torch.set_num_threads(1)
torch.manual_seed(7)
net = PaperCNN(VARIANTS["fc-64"], 32)
pictures = torch.rand(23, 3, 32, 32)  # odd: the shares differ in size
people = torch.arange(23) // 3
steps = torch.optim.SGD(net.parameters(), 0.02)
losses = []
with workers("cpu") as group:
    group.share_batch_norm(net)
    for _ in range(2):
        own = group.share(np.arange(23))
        loss = batch_hard_loss(group.gather(net(pictures[own])), people).loss
        steps.zero_grad()
        loss.backward()
        group.average_gradients(net)
        steps.step()
        losses.append(loss.item())
    if group.first:
        weights = [float(p.detach().double().sum()) for p in net.state_dict().values()]
        open(sys.argv[1], "w").write(json.dumps({"losses": losses, "weights": weights}))
"""


def trained(tmp_path: Path, processes: int) -> dict[str, list[float]]:
    script, out = tmp_path / "worker.py", tmp_path / f"{processes}.json"
    script.write_text(WORKER)
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    subprocess.run([*launcher, str(script), str(out)], check=True, env=environment, cwd=root, timeout=120)
    return json.loads(out.read_text())


def test_two_processes_give_the_losses_and_the_weights_of_one(tmp_path: Path):
    one, two = trained(tmp_path, 1), trained(tmp_path, 2)
    assert two["losses"] == pytest.approx(one["losses"], abs=2e-4)
    assert two["weights"] == pytest.approx(one["weights"], abs=1e-3)
