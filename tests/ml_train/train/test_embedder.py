"""Fine-tuning the embedder, a few steps on noise: what is learned is not looked at here, how it is learned is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from ml.data.files import DataUnusable
from ml.data.prepared import Prepared
from ml.data.splits import Split, split_of
from ml.nets import pretrained
from ml.train.checkpoint import save
from ml.train.embedder import Classes, EmbedderRun, Trainer, teach, train
from ml.train.losses import margin_loss
from tests.ml_train.train.prepared_folders import prepared

RUN = EmbedderRun(steps=4, batch=6, warm=1, every=2, masked=0.3, bf16=False, lr=1e-4)
PEOPLE = [
    name for name in ("ada", "grace", "alan", "emmy", "lise", "marie") if split_of(name) == Split.TRAIN
][:3]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "prepared"
    return Prepared.open(prepared(folder, [*PEOPLE, *PEOPLE, "", ""], "drawn"))


@pytest.fixture(scope="module")
def start():
    return pretrained.resnet()


@pytest.fixture
def trainer(data, start):
    classes = Classes.of(data)
    teacher = teach(start, data, np.arange(len(data)), "cpu", bf16=False)
    return lambda: Trainer(RUN, data, classes, teacher, start)


def weights(net: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().ravel() for p in net.parameters()])


def test_a_run_that_was_cut_off_goes_on_to_the_same_weights(trainer, tmp_path: Path):
    (tmp_path / "whole").mkdir()
    whole = train(trainer(), tmp_path / "whole")
    cut_off = trainer()
    for _ in range(3):  # a checkpoint after the second step, then the power fails
        cut_off.one_step()
        if cut_off.step == 2:
            (tmp_path / "cut").mkdir()
            save(tmp_path / "cut" / "last.pt", cut_off.state())
    again = train(trainer(), tmp_path / "cut", resume=True)
    assert torch.equal(weights(whole), weights(again))
    assert torch.equal(weights(pretrained.trained_resnet(tmp_path / "cut" / "last.pt")), weights(again))


def test_the_first_layers_stay_and_the_rest_moves(trainer, start):
    one = trainer()
    one.one_step()
    assert torch.equal(weights(one.net.first_layers()), weights(start.first_layers()))
    assert not torch.equal(weights(one.net), weights(start))


def test_the_starting_net_is_where_its_teacher_says(data, start):
    told = teach(start, data, np.arange(2), "cpu", bf16=False)
    with torch.no_grad():
        faces = torch.from_numpy(data.served([0, 1])).permute(0, 3, 1, 2).float()
        found = functional.normalize(start(faces) + start(faces.flip(3)))
    np.testing.assert_allclose(told, found.numpy(), atol=1e-5)


def test_people_with_one_picture_cannot_teach(tmp_path: Path):
    folder = prepared(tmp_path / "few", [*PEOPLE, ""], "drawn")
    with pytest.raises(DataUnusable, match="no two people with two pictures"):
        Classes.of(Prepared.open(folder))


def test_a_batch_holds_two_pictures_of_each_of_its_people_and_then_people_without_names(data):
    run = EmbedderRun(batch=6, named_share=2 / 3)
    rows = Classes.of(data).draw(run, np.random.default_rng(3))
    pairs = rows[:4].reshape(2, 2)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    names = data.persons[pairs]
    assert (names[:, 0] == names[:, 1]).all()
    assert names[0, 0] != names[1, 0]
    assert set(data.persons[rows[4:]]) == {""}
    assert len(set(rows)) == 6
    assert list(rows) == list(Classes.of(data).draw(run, np.random.default_rng(3)))


def test_the_margin_is_taken_from_the_own_centre_and_unsure_ones_do_not_count():
    rng = np.random.default_rng(2)
    embeddings, centres = (torch.from_numpy(rng.normal(size=(n, 4)).astype(np.float32)) for n in (2, 3))
    own, unsure = torch.tensor([0, 2]), torch.tensor([[True, True, False], [False, False, True]])
    cosines = (functional.normalize(embeddings) @ functional.normalize(centres).T).numpy()
    first = 10 * np.array(
        [cosines[0, 0] - 0.2, cosines[0, 2]]
    )  # its second centre is unsure, its own never is
    second = 10 * np.array([cosines[1, 2] - 0.2, cosines[1, 0], cosines[1, 1]])
    by_hand = np.mean([-row[0] + np.log(np.exp(row).sum()) for row in (first, second)])
    found = margin_loss(embeddings, centres, own, scale=10, margin=0.2, unsure=unsure)
    assert float(found) == pytest.approx(by_hand, abs=1e-3)
