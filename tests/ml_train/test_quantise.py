"""Any convolutional net in int8, here a small one with depthwise convolutions and batch norms."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from ml.data.files import DataUnusable
from ml.data.prepared import Prepared
from ml.export import RANGES, run_onnx
from ml.face.manifest import MODELS
from ml.quantise import Ranges, measure, quantised, ranges_over, weights_sha256
from tests.ml_train.train.prepared_folders import prepared

CROPS = np.random.default_rng(3).uniform(0, 255, (20, 3, 32, 32)).astype(np.float32)


def float_graph(file: Path, *, seed: int = 1) -> onnx.ModelProto:
    """Convolution, depthwise, pointwise: a block of MobileNet."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, bias=False), nn.BatchNorm2d(16), nn.ReLU6(),
        nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False), nn.BatchNorm2d(16), nn.ReLU6(),
        nn.Conv2d(16, 32, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 8),
    ).eval()  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (torch.from_numpy(CROPS[:2]),), str(file), dynamo=False, opset_version=17,
            input_names=["input"], output_names=["embedding"],
            dynamic_axes={"input": {0: "batch"}, "embedding": {0: "batch"}},
        )  # fmt: skip
    return onnx.load(str(file))


def ranges_of(graph: onnx.ModelProto) -> Ranges:
    return Ranges(weights_sha256(graph), ["noise"], "", len(CROPS), 1, ranges_over(graph, CROPS))


def filters(model: onnx.ModelProto) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each convolution: its weights as they rest, and their scales."""
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    wide = [makers[node.input[1]] for node in model.graph.node if node.op_type == "Conv"]
    return [(constants[cast.input[0]], constants[cast.input[1]]) for cast in wide]


def test_a_net_with_depthwise_convolutions_keeps_its_directions(tmp_path: Path):
    graph = float_graph(tmp_path / "float.onnx")
    onnx.save(quantised(graph, ranges_of(graph)), str(tmp_path / "int8.onnx"))
    (exact,), (found,) = (run_onnx(tmp_path / f"{kind}.onnx", CROPS) for kind in ("float", "int8"))
    cosines = (exact * found).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(found, axis=1)
    assert cosines.min() >= 0.99
    assert not np.array_equal(exact, found)


@pytest.mark.parametrize("net", ["small", "shipped"])
def test_each_filter_has_a_scale_of_its_own_and_stays_within_seven_bits(tmp_path: Path, net):
    graph = float_graph(tmp_path / "float.onnx")
    model = quantised(graph, ranges_of(graph)) if net == "small" else onnx.load(str(MODELS / "embedder.onnx"))
    found = filters(model)
    assert len(found) == {"small": 3, "shipped": 29}[net]
    for weights, scales in found:
        assert weights.dtype == np.int8
        assert scales.shape == (len(weights),)
        assert np.abs(weights.astype(int)).max() <= 64  # two products of 64 and 255 fit 16 bits


def test_the_same_ranges_give_the_same_bytes(tmp_path: Path):
    graph = float_graph(tmp_path / "float.onnx")
    ranges = ranges_of(graph)
    first, second = (quantised(graph, ranges).SerializeToString() for _ in range(2))
    assert first == second


def test_ranges_of_other_weights_are_refused(tmp_path: Path):
    ranges = ranges_of(float_graph(tmp_path / "one.onnx"))
    with pytest.raises(ValueError, match="measure them anew"):
        quantised(float_graph(tmp_path / "other.onnx", seed=2), ranges)


def test_ranges_are_read_as_they_were_written(tmp_path: Path):
    ranges = ranges_of(float_graph(tmp_path / "float.onnx"))
    ranges.write(tmp_path / "ranges.json")
    assert Ranges.read(tmp_path / "ranges.json") == ranges
    again = tmp_path / "committed.json"
    Ranges.read(RANGES).write(again)
    assert again.read_bytes() == RANGES.read_bytes()


@pytest.mark.parametrize("content", ["[]", "{}", "no json"])
def test_a_file_that_holds_no_ranges_is_named(tmp_path: Path, content):
    (tmp_path / "ranges.json").write_text(content)
    with pytest.raises(DataUnusable, match=r"ranges\.json is no file of ranges"):
        Ranges.read(tmp_path / "ranges.json")


def test_too_few_training_pictures_are_refused(tmp_path: Path):
    folder = Prepared.open(prepared(tmp_path / "prepared", [""] * 3, "noise"))
    with pytest.raises(DataUnusable, match="3 training pictures; ranges need 500"):
        measure(float_graph(tmp_path / "float.onnx"), folder)
