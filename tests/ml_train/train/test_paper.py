"""The paper's procedure on drawn people: what it promises whatever the faces."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from ml.nets.similarity_mlp import Version
from ml.train import pca
from ml.train.__main__ import main
from ml.train.checkpoint import CheckpointRefused, load, save
from ml.train.classifier import ClassifierRun
from ml.train.errors import Diverged
from ml.train.paper_embedder import LAST, Trainer, train
from ml.train.paper_figures import judge
from ml.train.paper_run import By, PaperRun, split
from ml.train.pictures import Wearing
from tests.ml_train.train.drawn import drawn, kept

RUN = PaperRun(
    size_px=32,
    epochs_random=1,
    epochs_semi=1,
    epochs_hard=2,
    batch_first=24,
    batch_then=24,
    epochs_first=1,
    lr=2e-3,
    bf16=False,
)


def trainer(run: PaperRun = RUN) -> Trainer:
    pictures = drawn()
    return Trainer(run, pictures, split(pictures, run.by, run.seed))


def quiet(_: str) -> None:
    pass


def without_time(curve: list[dict]) -> list[dict]:
    return [{k: v for k, v in record.items() if k not in ("seconds", "pictures_per_s")} for record in curve]


def weights(trained: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trained.net.parameters()])


def test_one_batch_is_learnt_by_heart():
    run = replace(
        RUN,
        epochs_random=0,
        epochs_semi=0,
        epochs_hard=40,
        batch_first=96,
        batch_then=96,
        augment=False,
        decay=False,
    )
    pictures = drawn(4, 6)
    everything = np.arange(len(pictures))
    overfit = Trainer(
        run, pictures, split(pictures, By.PICTURE, 1)._replace(train=everything, test=everything)
    )
    while overfit.epoch < run.epochs and (overfit.epoch == 0 or overfit.curve[-1]["loss"] > 0.01):
        overfit.one_epoch()
    assert overfit.curve[-1]["loss"] <= 0.01


def test_the_same_seed_gives_the_same_weights_and_another_one_others(tmp_path: Path):
    first, second, other = trainer(), trainer(), trainer(replace(RUN, seed=8))
    for one in (first, second, other):
        one.one_epoch()
    assert torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(other))


def test_batch_norm_knows_the_weights_that_an_epoch_ended_with():
    one = trainer()
    one.one_epoch()
    norm = next(module for module in one.net.modules() if isinstance(module, torch.nn.BatchNorm1d))
    seen = list[torch.Tensor]()
    norm.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    one.embed(one.parts.train, one.worn[one.parts.train])
    torch.testing.assert_close(norm.running_mean, seen[0].mean(dim=0), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(norm.running_var, seen[0].var(dim=0), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("variant", ["fc-64", "two-dropouts-1024"])
def test_a_resumed_run_has_the_curve_and_the_weights_of_an_uninterrupted_one(tmp_path: Path, variant):
    run = replace(RUN, variant=variant)
    whole = trainer(run)
    train(whole, tmp_path, say=quiet)
    for stopped_after in (1, 3):
        (tmp_path / LAST).unlink()
        early = trainer(run)
        while early.epoch < stopped_after:
            early.one_epoch()

        save(tmp_path / LAST, early.state())
        torch.rand(5)  # whatever happened in between
        late = trainer(run)
        train(late, tmp_path, resume=True, say=quiet)
        assert without_time(late.curve) == without_time(whole.curve)
        assert torch.equal(weights(late), weights(whole))


def test_a_checkpoint_of_another_run_is_refused_by_its_field(tmp_path: Path):
    train(trainer(replace(RUN, epochs_hard=0)), tmp_path, say=quiet)
    with pytest.raises(CheckpointRefused, match=r"last\.pt .* lr was 0\.002, now 0\.03"):
        train(trainer(replace(RUN, epochs_hard=0, lr=0.03)), tmp_path, resume=True)


def test_a_loss_that_is_no_number_names_epoch_and_step_and_keeps_the_last_checkpoint(tmp_path: Path):
    broken = trainer()
    broken.one_epoch()

    save(tmp_path / LAST, broken.state())
    with torch.no_grad():
        next(broken.net.parameters()).fill_(torch.nan)
    with pytest.raises(Diverged, match=r"epoch 2, step 1: the loss is nan; .*last\.pt keeps epoch 1"):
        train(broken, tmp_path, say=quiet)
    assert all(torch.isfinite(w).all() for w in load(tmp_path / LAST).net.values())


def test_weights_of_a_checkpoint_begin_another_run(tmp_path: Path):
    first = trainer(replace(RUN, epochs_hard=0))
    train(first, tmp_path, say=quiet)
    second = trainer(replace(RUN, epochs_random=0, epochs_semi=0, epochs_hard=0))
    train(second, tmp_path, start=tmp_path / LAST, say=quiet)
    assert torch.equal(weights(second), weights(first))
    assert second.curve == []


def test_a_split_by_person_shares_nobody_and_one_by_picture_nearly_everybody():
    pictures = drawn(60, 5)
    by_person, by_picture = (split(pictures, by, 7) for by in (By.PERSON, By.PICTURE))
    assert not set(pictures.people[by_person.train]) & set(pictures.people[by_person.test])
    assert set(pictures.people[by_picture.test]) <= set(pictures.people[by_picture.train])
    assert len(by_picture.test) == 60
    for parts in (by_person, by_picture):
        assert sorted(np.concatenate(parts)) == list(range(300))


def test_lfw_alone_wears_masks_in_the_papers_protocol_and_half_of_each_set_in_the_balanced_one():
    pictures = drawn(40, 10)
    assert (pictures.worn(Wearing.PAPER) == (pictures.sets == "lfw")).all()
    balanced = pictures.worn(Wearing.BALANCED)
    for name in ("lfw", "pins"):
        assert 0.4 < balanced[pictures.sets == name].mean() < 0.6
    shown = pictures.show([0, 1], np.array([True, False]))
    assert (shown[0] == pictures.masked[0]).all()
    assert (shown[1] == pictures.plain[1]).all()


def test_components_and_classifier_come_from_training_embeddings_alone():
    judged = {}
    for changed in (False, True):
        one = trainer(replace(RUN, epochs_semi=0, epochs_hard=0))
        if changed:
            one.pictures.plain[one.parts.test] = 255 - one.pictures.plain[one.parts.test]
        stage = ClassifierRun(Version.TWO, epochs=1, pairs=200, test_pairs=100)
        judged[changed] = judge(one, (Version.TWO,), stage)
    before, after = judged[False], judged[True]
    assert not np.allclose(before.test.features, after.test.features)
    assert np.array_equal(before.pca.mean, after.pca.mean)
    assert np.array_equal(before.pca.components, after.pca.components)
    for a, b in zip(
        before.classifiers["2"].net.parameters(), after.classifiers["2"].net.parameters(), strict=True
    ):
        assert torch.equal(a, b)


def test_a_tiny_run_goes_from_pictures_to_figures_and_a_model_that_evaluates(tmp_path: Path, capsys):
    table = kept(drawn(20, 10), tmp_path / "table")
    out = tmp_path / "run"
    options = (
        "--size-px 32 --epochs-random 2 --epochs-semi 1 --epochs-hard 2 --batch-first 32 --batch-then 32 --lr 2e-3"
        " --json --classifier-epochs 8 --pairs 4000 --test-pairs 1000"
    )
    assert main(["paper", "--table", str(table), "--out", str(out), *options.split()]) == 0
    figures = json.loads(capsys.readouterr().out)
    found = figures["phases"]["batch-hard"]["classifiers"]["version 2, 99.99 %"]["test"]
    assert found["accuracy"] > 0.75  # drawn people are easy
    assert found["low"] < found["accuracy"] < found["high"]
    assert set(figures["phases"]["ordinary"]["classifiers"]) > {"version 1, 99.99 %", "version 1b, 55"}
    assert len((out / "curve.jsonl").read_text().splitlines()) == 5
    assert (out / "pairs.html").read_text().count("<img") == 2 * 22  # along both sides

    page = figures["page_of_22"]
    assert page["n_genuine"] + page["n_impostor"] == 231
    goal = json.loads((out / "goal.json").read_text())
    assert (goal["figure"], goal["reached"]) == ("F1", pytest.approx(100 * found["accuracy"]))
    assert "--size-px 32" in goal["command"]

    assert main(["paper-table", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "| the paper: by picture, LFW masked | 92.16 % | **93.12 %**" in printed
    assert f"**{100 * found['accuracy']:.2f} %**" in printed

    model = out / "model"
    manifest = json.loads((model / "manifest.json").read_text())
    assert sum(f.stat().st_size for f in model.iterdir() if f.name.startswith("paper")) < 5_000_000
    session = onnxruntime.InferenceSession(
        (model / manifest["models"]["paper-embedder"]["file"]).read_bytes()
    )
    (embedding,) = session.run(None, {"input": np.zeros((3, 3, 220, 220), np.float32)})
    assert embedding.shape == (3, 2048)
    with np.load(model / manifest["pca"]) as arrays:
        projected = (embedding - arrays["mean"]) @ arrays["components"].T
    assert projected.shape == (3, manifest["components"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["paper", "--size-px", "64", "--table", "TABLE"], "holds pictures of 32 px, --size-px is 64"),
        (["paper"], "name prepared folders"),
        (["paper", "none"], "none"),
        (
            ["paper", "--size-px", "32", "--table", "TABLE", "--resume"],
            r"last.pt: there is no such checkpoint",
        ),
        (["paper", "--size-px", "32", "--table", "TABLE", "--variant", "fc-7"], "fc-7 is none of"),
    ],
)
def test_what_cannot_be_trained_on_is_one_sentence_and_status_2(tmp_path: Path, capsys, options, words):
    table = kept(drawn(4, 5), tmp_path / "table")
    options = [str(table) if o == "TABLE" else o for o in options]
    assert main([*options, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_folder_that_is_no_finished_run_is_refused_by_its_file(tmp_path: Path, capsys):
    assert main(["paper-table", str(tmp_path)]) == 2
    assert str(tmp_path / "figures.json") in capsys.readouterr().err


def test_the_search_keeps_every_point_and_runs_none_twice(tmp_path: Path, capsys):
    table = kept(drawn(10, 14), tmp_path / "table")
    command = [
        "paper-folds",
        "--table",
        str(table),
        "--out",
        str(tmp_path),
        "--size-px",
        "32",
        "--batch-first",
        "24",
    ]
    command += [
        "--batch-then",
        "24",
        "--epochs-random",
        "1",
        "--epochs-semi",
        "0",
        "--epochs-hard",
        "0",
        "--variants",
        "fc-64",
    ]
    command[1:1] = ["--pairs", "500", "--classifier-epochs", "1"]
    assert main(command) == 0
    assert main([*command, "fc-256"]) == 0
    records = json.loads((tmp_path / "folds.json").read_text())
    assert {record["label"]["config"]["variant"] for record in records} == {"fc-64", "fc-256"}
    assert all(len(record["folds"]) == 4 for record in records)
    assert (tmp_path / "folds.svg").exists()

    capsys.readouterr()
    assert main(["paper-table", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines[2:]] == [
        f"| {record['label']['config']['variant']}" for record in records
    ]
    assert f"{100 * records[0]['accuracy']:.2f} % ±" in lines[2]


def test_a_pca_of_nothing_is_refused():
    with pytest.raises(ValueError, match="two embeddings"):
        pca.fit(np.zeros((1, 8), np.float32))
