from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from backend.operations.portraits import variants
from ml.evaluate.probability import half_of
from ml.face.normalise import Cohort
from ml.nets.similarity_mlp import CorrectedScore, Version
from ml.train import held_out
from ml.train.__main__ import main
from ml.train.checkpoint import load
from ml.train.crowd import Crowd, fold_of, twins_in
from ml.train.hard_pairs import hard_pairs
from ml.train.similarity import WAYS, ByScore, SimilarityRun, cross_validated, keep, kept_aside, learn, shown
from tests.ml.pictures import COLLINS, HOPPER

DIMENSIONS = 16
KNOWN = 10


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def planted(n_people: int = 80, each: int = 8, strangers: int = 500, seed: int = 1) -> Crowd:
    """Ten numbers say who somebody is; the signs of the other six are anything in every picture: a cosine, which
    weighs all alike, cannot know."""
    rng = np.random.default_rng(seed)

    def faces(people: np.ndarray) -> np.ndarray:
        known = people + rng.normal(0, 0.1, people.shape)
        return unit(np.hstack([known, 0.45 * rng.choice([-1, 1], (len(people), DIMENSIONS - KNOWN))]))

    people = rng.normal(0, 0.6, (n_people, KNOWN))
    vectors = faces(np.repeat(people, each, axis=0))
    vectors[3] = np.nan  # a picture without a face
    return Crowd(
        names=tuple(f"somebody {i}" for i in range(n_people)),
        owner=np.repeat(np.arange(n_people), each),
        vectors=vectors,
        strangers=faces(rng.normal(0, 0.6, (strangers, KNOWN))),
        stranger_names=tuple(f"{i}.jpg" for i in range(strangers)),
    )


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return planted()


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return Cohort(planted(n_people=1, strangers=300, seed=9).strangers, nearest=50)


QUICK = SimilarityRun(folds=2, share=0.9999, epochs=8, batch=256, lr=5e-3, weight_decay=0.01, hardest=0.03)


def test_untrained_the_order_of_all_comparisons_is_the_score_s(crowd, cohort):
    learned = learn(SimilarityRun(epochs=0), crowd, cohort)
    said = learned.scores(crowd.strangers, crowd.vectors[8:40])
    score = ByScore(cohort).scores(crowd.strangers, crowd.vectors[8:40])
    slope, shift = learned.net.scale.item(), learned.net.shift.item()
    assert slope > 0
    assert np.array_equal(said, np.float32(slope) * score + np.float32(shift))


def test_what_a_cosine_cannot_know_is_learned_and_wins(crowd, cohort):
    found = cross_validated(QUICK, crowd, cohort)
    assert found["verdict"] == "wins"
    for row in found["rows"]:
        fnmr = {name: way["fnmr_at_fmr"]["1e-3"]["fnmr"] for name, way in row["ways"].items()}
        assert fnmr["score + MLP"] < fnmr["score"] / 2
        assert row["minus"]["score + MLP"]["1e-4"]["high"] < 0
        assert row["ways"]["score + MLP"]["ece"] < 0.1
    assert all(min(curve) < curve[0] for curve in found["curves"])


def test_the_people_of_a_fold_never_train_it(crowd, cohort):
    held = np.array([fold_of(name, 2) == 0 for name in crowd.names])[crowd.owner]
    other_strangers = np.array([fold_of(name, 2) == 0 for name in crowd.stranger_names])
    changed = Crowd(
        crowd.names,
        crowd.owner,
        np.where(held[:, None], -crowd.vectors, crowd.vectors),
        np.where(other_strangers[:, None], -crowd.strangers, crowd.strangers),
        crowd.stranger_names,
    )
    one, other = (
        learn(replace(QUICK, epochs=2), some.part(lambda name: fold_of(name, 2) != 0), cohort)
        for some in (crowd, changed)
    )
    assert same_weights(one.net, other.net)
    assert one.curve == other.curve


def test_those_who_say_when_to_stop_do_not_learn(crowd):
    learning, aside = kept_aside(crowd)
    assert not set(learning.names) & set(aside.names)
    assert not set(learning.stranger_names) & set(aside.stranger_names)
    assert len(learning.names) + len(aside.names) == len(crowd.names)
    assert len(learning.owner) + len(aside.owner) == len(crowd.owner)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(crowd, cohort):
    some = crowd.part(lambda name: fold_of(name, 2) == 0)
    one, again, other = (learn(SimilarityRun(epochs=2, seed=seed), some, cohort) for seed in (7, 7, 8))
    assert same_weights(one.net, again.net)
    assert not same_weights(one.net, other.net)


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_no_picture_meets_a_template_that_it_is_in_and_the_impostors_are_the_nearest(cohort):
    few = planted(n_people=12, strangers=40)
    pairs = hard_pairs(few, cohort, 5 / 135, np.random.default_rng(0))
    cosines = (pairs.probes * pairs.templates).sum(axis=1)
    assert cosines.max() < 1 - 1e-6
    assert (~pairs.genuine).sum() == (12 * (8 + 6) - 1) * 5  # one picture is lost
    template = pairs.templates[~pairs.genuine][0]
    mine = (pairs.templates == template).all(axis=1)
    owner = int((few.vectors @ template).argmax() if np.isfinite(few.vectors).all() else 0) // 8
    strangers = np.concatenate([few.vectors[few.found & (few.owner != owner)], few.strangers])
    best = np.sort(cohort.scores(template[None], strangers)[0])[-5:]
    assert np.sort(pairs.scores[mine & ~pairs.genuine]) == pytest.approx(best, abs=1e-4)


def test_a_lost_face_is_a_lost_genuine_comparison_and_no_impostor(crowd, cohort):
    part = held_out.Compared.of(ByScore(cohort), crowd, 1)
    assert part.genuine.n == 80 * 7
    assert sum(np.isneginf(own).sum() for own in part.genuine.scores) == 1
    probes = 80 * 7 - 1
    assert len(part.impostors.scores) == probes * 79 + 500 * 80


@pytest.mark.parametrize(
    ("apart", "word"),
    [
        ((-0.02, -0.03, -0.01), "wins"),
        ((-0.001, -0.003, 0.0005), "ships"),
        ((-0.001, -0.003, 0.002), "does not ship"),  # it may lose more than is worth nothing
        ((0.0002, -0.0001, 0.0004), "does not ship"),
    ],
)
def test_what_is_added_to_the_score_ships_unless_it_may_lose(apart, word):
    clear = dict(zip(("fnmr", "low", "high"), (-0.02, -0.03, -0.01), strict=True))
    other = dict(zip(("fnmr", "low", "high"), apart, strict=True))
    rows = [{"minus": {"score + MLP": {"1e-4": point}}} for point in (clear, other)]
    assert held_out.not_worse(rows, "score + MLP") == word


def test_one_person_under_two_names_is_found(crowd):
    double = Crowd(
        (*crowd.names, "again"),
        np.concatenate([crowd.owner, np.full(8, 80)]),
        np.concatenate([crowd.vectors, crowd.vectors[80:88]]),
        crowd.strangers,
        crowd.stranger_names,
    )
    assert twins_in(double, np.arange(81) // 80) == {"again"}
    assert not twins_in(double, np.zeros(81)), "within a folder names are believed"


def test_checkpoint_and_onnx_file_say_what_the_network_says(crowd, cohort, tmp_path: Path):
    learned = learn(SimilarityRun(epochs=1), crowd, cohort)
    assert keep(SimilarityRun(epochs=1), learned, tmp_path) == "similarity.onnx"
    state = load(tmp_path / "similarity.pt")
    again = CorrectedScore(torch.zeros_like(learned.net.components), Version.TWO)
    again.load_state_dict(state.net)
    assert same_weights(again, learned.net)
    probes, template = crowd.strangers[:5], crowd.vectors[[20]]
    score = cohort.scores(probes, template)[:, 0]
    session = onnxruntime.InferenceSession(str(tmp_path / "similarity.onnx"))
    given = {"probe": probes, "template": np.repeat(template, 5, axis=0), "score": score}
    (logit,) = session.run(None, given)
    assert logit == pytest.approx(learned.scores(probes, template)[:, 0], abs=1e-3)


def test_too_few_people_are_one_sentence(tmp_path: Path, capsys):
    for name, picture in (("collins", COLLINS), ("hopper", HOPPER)):
        folder = tmp_path / "people" / name
        folder.mkdir(parents=True)
        for number, variant in enumerate(variants(picture)):
            (folder / f"{number}.jpg").write_bytes(variant)
    strangers = tmp_path / "strangers"
    strangers.mkdir()
    dealt = next(f"{number}.jpg" for number in range(20) if half_of(f"{number}.jpg") == 1)
    (strangers / dealt).write_bytes(variants(COLLINS)[0])
    out = tmp_path / "out"
    given = ["--people", str(tmp_path / "people"), "--strangers", str(strangers), "--out", str(out)]
    assert main(["similarity", *given]) == 2
    said = capsys.readouterr().err
    assert said.startswith("fold 1 of 5: 3 people with 6 pictures each are needed, there are ")
    assert said.count("\n") == 1
    assert not out.exists()


def test_the_table_names_every_way_and_the_verdict_last(crowd, cohort):
    found = cross_validated(SimilarityRun(folds=2, epochs=0), crowd, cohort)
    lines = shown(found).splitlines()
    assert all(any(line.strip().startswith(name) for line in lines) for name in WAYS)
    assert lines[-1] == "verdict: the MLP ships"  # nothing added, nothing lost
    for row in found["rows"]:
        assert row["minus"]["score + MLP"]["1e-4"] == {"fnmr": 0.0, "low": 0.0, "high": 0.0}
