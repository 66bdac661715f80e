import numpy as np
import pytest

from ml.face.normalise import Cohort, pack


def directions(rng: np.random.Generator, n: int, *, around: np.ndarray, spread: float) -> np.ndarray:
    """n unit vectors about one direction."""
    vectors = around + rng.normal(0, spread, (n, len(around)))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def cohort(rng):
    return Cohort(directions(rng, 300, around=np.ones(128), spread=0.8), nearest=40)


def by_hand(cohort: Cohort, a: np.ndarray, b: np.ndarray) -> float:
    """The formula, one pair at a time."""
    halves = []
    for face in (a, b):
        cosines = sorted((float(face @ stranger) for stranger in cohort.strangers), reverse=True)[
            : cohort.nearest
        ]
        halves.append((float(a @ b) - np.mean(cosines)) / np.std(cosines))
    return float(np.mean(halves))


def test_a_score_counts_standard_deviations_above_the_nearest_strangers_of_both_faces(rng, cohort):
    faces = directions(rng, 6, around=np.ones(128), spread=0.8)
    scores = cohort.scores(faces[:2], faces[2:])
    assert scores.shape == (2, 4)
    expected = [[by_hand(cohort, a, b) for b in faces[2:]] for a in faces[:2]]
    np.testing.assert_allclose(scores, expected, rtol=1e-3)


def test_the_score_of_two_faces_does_not_depend_on_which_is_the_probe(rng, cohort):
    a, b = directions(rng, 2, around=np.ones(128), spread=0.8)[:, None]
    assert cohort.scores(a, b)[0, 0] == pytest.approx(cohort.scores(b, a)[0, 0], rel=1e-5)


def test_a_face_among_many_alike_strangers_needs_a_higher_cosine(rng):
    crowd = np.concatenate([np.ones(64), np.zeros(64)])
    lonely = np.concatenate([np.zeros(64), np.ones(64)])
    strangers = np.concatenate(
        [directions(rng, 200, around=crowd, spread=0.3), directions(rng, 200, around=np.ones(128), spread=2)]
    )
    cohort = Cohort(strangers, nearest=50)
    (crowded_a, crowded_b), (lonely_a, lonely_b) = (
        directions(rng, 2, around=around, spread=0.3) for around in (crowd, lonely)
    )
    assert crowded_a @ crowded_b == pytest.approx(lonely_a @ lonely_b, abs=0.08)
    crowded = cohort.scores(crowded_a[None], crowded_b[None])[0, 0]
    assert crowded < cohort.scores(lonely_a[None], lonely_b[None])[0, 0] - 3


def test_a_cohort_packed_into_bytes_gives_nearly_the_same_scores(rng, cohort):
    packed = pack(cohort.strangers)
    assert packed.dtype == np.int8
    faces = directions(rng, 40, around=np.ones(128), spread=0.8)
    before = cohort.scores(faces[:20], faces[20:])
    after = Cohort.unpack(packed, cohort.nearest).scores(faces[:20], faces[20:])
    assert np.abs(after - before).max() < 0.05


def test_a_face_equally_far_from_every_stranger_still_gives_a_number():
    face = np.eye(128, dtype=np.float32)[:1]
    strangers = np.eye(128, dtype=np.float32)[1:]
    assert np.isfinite(Cohort(strangers, nearest=20).scores(face, face)).all()


@pytest.mark.parametrize("nearest", [0, 1, 301])
def test_a_cohort_smaller_than_its_neighbourhood_is_refused(rng, nearest):
    with pytest.raises(ValueError, match="strangers"):
        Cohort(directions(rng, 300, around=np.ones(128), spread=0.8), nearest=nearest)
