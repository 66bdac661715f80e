"""BlazeFace and the mesh, rebuilt and exported, against the flatbuffers they came from."""

import numpy as np
import pytest
import torch

from ml.face.blaze import letterboxed
from ml.face.manifest import MODELS, Manifest
from ml.face.session import Net
from ml.nets import pretrained
from ml.nets.blaze import BlazeFace
from ml.nets.mesh import FaceMesh
from ml.nets.tflite import Layers, fill, read_layers
from tests.ml.pictures import PORTRAITS, image, on_canvas, pixels
from tests.ml_train.lite import lite_blaze, lite_mesh
from tests.ml_train.make_golden import GOLDEN, mesh_crops


def committed(role: str) -> Net:
    return Net(Manifest.read(MODELS).model_bytes(role))


def noise(side: int) -> np.ndarray:
    return np.random.default_rng(7).uniform(0, 255, (1, 3, side, side)).astype(np.float32)


def test_blazeface_sees_what_the_original_sees():
    net = committed("blazeface")
    looks = [letterboxed(picture)[0] for picture in map(pixels, PORTRAITS)]
    looks += [letterboxed(np.asarray(on_canvas(image(name), 0.5)))[0] for name in PORTRAITS]
    for canvas in (*looks, noise(128)):
        anchors, scores = net(canvas)
        original, probabilities = lite_blaze(canvas)
        assert np.abs(anchors[0] - original).max() <= 1e-3
        assert np.abs(scores[0] - probabilities).max() <= 1e-4


def test_the_mesh_lies_where_the_original_lays_it():
    net = committed("facemesh")
    for crop in (*mesh_crops().values(), noise(192)):
        points, probability = net(crop)
        original, flag = lite_mesh(crop)
        assert np.abs(points[0] - original).max() <= 1e-3
        assert abs(float(probability[0]) - flag) <= 1e-4


@pytest.mark.parametrize("build", [pretrained.blaze, pretrained.mesh])
def test_the_published_numbers_fit_in_half_precision(build):
    for parameter in build().parameters():
        assert torch.equal(parameter, parameter.half().float())


def test_a_file_of_another_architecture_is_refused():
    layers = read_layers(pretrained.BLAZE.path().read_bytes())
    with pytest.raises(ValueError, match="the network wants"):
        fill(FaceMesh().in_the_files_order(), layers)
    more = Layers([*layers.convolutions, layers.convolutions[0]], layers.depthwise, layers.slopes)
    with pytest.raises(ValueError, match="more layers"):
        fill(BlazeFace().in_the_files_order(), more)


def test_the_golden_mesh_is_that_of_the_original():
    golden = np.load(GOLDEN / "mesh.npz")
    for name, crop in mesh_crops().items():
        assert np.abs(golden[name] - lite_mesh(crop)[0]).max() <= 1e-3
