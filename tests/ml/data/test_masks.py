"""Masks drawn on a face whose landmarks are known: an average face, and the portrait it is laid on."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.data import mask_other, masks
from ml.data.mask_shape import EYES
from ml.data.masks import MeshUnusable, draw_mask
from tests.ml.data.average_face import average_face

MOUTH = (61, 291, 0, 17, 13, 14)
CHIN = (199, 200, 175)
NOSE_TIP = 4


@pytest.fixture
def mesh() -> np.ndarray:
    return average_face(left=60, top=50, width=130)


@pytest.fixture
def skin() -> np.ndarray:
    """(250, 250, 3): a lit plain surface, so that what changed is the mask's doing."""
    light = np.linspace(0.8, 1.1, 250)[None, :, None]
    return np.broadcast_to(light * np.array([190, 140, 115]), (250, 250, 3)).astype(np.uint8)


def kinds(recipe: str) -> list[str]:
    return list(masks.KINDS if recipe == "train" else mask_other.KINDS)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.abs(before.astype(int) - after).max(axis=2)


def at(picture: np.ndarray, mesh: np.ndarray, indices: tuple[int, ...]) -> np.ndarray:
    x, y = mesh[list(indices)].round().astype(int).T
    return picture[y, x]


def drawn(skin: np.ndarray, mesh: np.ndarray, recipe: str, seed: int = 5, **chosen: str) -> np.ndarray:
    return draw_mask(skin, mesh, np.random.default_rng(seed), recipe, **chosen)


ALL = [(recipe, kind) for recipe in masks.RECIPES for kind in kinds(recipe)]


@pytest.mark.parametrize("recipe", masks.RECIPES)
def test_the_same_seed_draws_the_same_mask_and_another_seed_another(skin, mesh, recipe):
    first, again, other = (drawn(skin, mesh, recipe, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("recipe", masks.RECIPES)
def test_the_picture_that_came_in_stays_as_it_was(skin, mesh, recipe):
    before = skin.copy()
    drawn(skin, mesh, recipe)
    assert (skin == before).all()


@pytest.mark.parametrize(("recipe", "kind"), ALL)
@pytest.mark.parametrize("seed", range(4))
def test_a_mask_worn_as_meant_covers_mouth_chin_and_nose(skin, mesh, recipe, kind, seed):
    marked = Image.fromarray(skin)
    for x, y in mesh[[*MOUTH, *CHIN, NOSE_TIP]]:
        ImageDraw.Draw(marked).ellipse((x - 1, y - 1, x + 1, y + 1), fill=(0, 255, 0))
    plain, over_marks = (
        drawn(np.asarray(p), mesh, recipe, seed, kind=kind, fit="normal") for p in (skin, marked)
    )
    assert changed(plain, over_marks).max() < 20  # what the face's light may do; bare marks would be 200


@pytest.mark.parametrize("recipe", masks.RECIPES)
def test_a_mask_below_the_nose_leaves_its_tip_bare(skin, mesh, recipe):
    for kind in kinds(recipe):
        below = drawn(skin, mesh, recipe, kind=kind, fit="nose_out")
        tip = at(changed(skin, below), mesh - (0, 6), (NOSE_TIP,))
        mouth = at(changed(skin, below), mesh, (13, 14))
        assert tip.max() < mouth.min(), kind


def test_a_mask_that_ends_above_the_chin_leaves_it_bare(skin, mesh):
    for kind in masks.KINDS:
        short = drawn(skin, mesh, "train", kind=kind, fit="chin_out")
        assert at(changed(skin, short), mesh, (152,)).max() < 60, kind


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_no_pixel_of_the_eyes_changes(skin, mesh, recipe, kind):
    lids = Image.new("1", (250, 250))
    for eye in EYES:
        ImageDraw.Draw(lids).polygon(mesh[list(eye)].ravel().tolist(), fill=1)
    for seed in range(3):
        after = drawn(skin, mesh, recipe, seed, kind=kind, fit="high")
        assert changed(skin, after)[np.asarray(lids)].max() == 0


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_the_edge_is_feathered(skin, mesh, recipe, kind):
    """On black the lower edge rises over several pixels; cut with scissors it would jump in one."""
    black = np.zeros_like(skin)
    grey = drawn(black, mesh, recipe, kind=kind, fit="normal").max(axis=2).astype(int)
    column = grey[:, int(mesh[4, 0])]
    top = int(np.flatnonzero(column > 0)[0])
    inside = column[top + 6 : top + 12].max()
    assert np.diff(column[max(0, top - 2) : top + 6]).max() < 0.9 * max(inside, 10)


@pytest.mark.parametrize("recipe", masks.RECIPES)
@pytest.mark.parametrize("corner", [(-90, -80), (120, -60), (-60, 140), (150, 150), (900, 0), (0, -900)])
def test_a_face_at_or_beyond_the_border_of_the_picture_is_drawn_as_far_as_it_is_seen(
    skin, mesh, recipe, corner
):
    for kind in kinds(recipe):
        after = drawn(skin, mesh + corner, recipe, kind=kind)
        assert after.shape == skin.shape
        assert (after.dtype, after.flags.writeable) == (np.uint8, True)
    if max(map(abs, corner)) == 900:
        assert (after == skin).all()


def test_the_two_recipes_differ_in_outline_and_colour(skin, mesh):
    rates = []
    for seed in range(8):
        one, two = (
            changed(skin, drawn(skin, mesh, recipe, seed, fit="normal")) > 25 for recipe in masks.RECIPES
        )
        rates.append((one & two).sum() / (one | two).sum())
    assert np.mean(rates) < 0.85


def test_a_turned_head_hides_the_far_side(skin, mesh):
    turned = mesh.copy()
    turned[:, 0] = 125 + (mesh[:, 0] - 125) * np.where(mesh[:, 0] < 125, 0.15, 1.0)
    for recipe in masks.RECIPES:
        assert (drawn(skin, turned, recipe) != skin).any()


def test_a_picture_without_colour_stays_without(skin, mesh):
    grey = np.repeat(skin[..., :1], 3, axis=2)
    for recipe in masks.RECIPES:
        for seed in range(6):
            spread = np.ptp(drawn(grey, mesh, recipe, seed), axis=2)
            assert spread.max() <= 12, recipe


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda m: np.where(np.arange(468)[:, None] == 7, np.nan, m), "finite"),
        (lambda m: np.where(np.arange(468)[:, None] == 7, np.inf, m), "finite"),
        (lambda m: m[:5], "468"),
        (lambda m: m * 0.05, "px"),
    ],
)
@pytest.mark.parametrize("recipe", masks.RECIPES)
def test_landmarks_that_carry_no_mask_are_refused(skin, mesh, recipe, spoil, why):
    with pytest.raises(MeshUnusable, match=why):
        drawn(skin, spoil(mesh), recipe)
