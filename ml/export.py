"""Weights → ONNX files and manifest.json in ml/face/models, each file checked against PyTorch first.

    python -m ml.export [--out DIR]        (environment: requirements-train.txt and requirements-weights.txt)
    python -m ml.export --embedder RUN/last.pt --version NAME --ranges FILE --measure PREPARED
                                           (with an embedder of python -m ml.train embedder)
    python -m ml.export --untuned --out DIR    (MTCNN and the plain dlib ResNet, what ml.evaluate calls `untuned`)

Large weights, and those that float16 holds exactly, rest as float16 and are cast to float32 inside the graph when
a session loads, so arithmetic is float32. The embedder is int8 (ml/quantise.py): the ranges of its activations lie in
embedder_ranges.json, so that an export needs no pictures; --measure PREPARED, a folder of ml.data prepare, makes them
again. The cohort and the thresholds in the manifest stay as they are: after a new
embedder `python -m ml.train cohort` and `python -m ml.evaluate thresholds --write` make them again.
"""

import argparse
import hashlib
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from ml import quantise
from ml.data.files import DataUnusable
from ml.data.prepared import Prepared
from ml.face.manifest import MODELS
from ml.nets import pretrained
from ml.nets.pretrained import Source
from ml.quantise import Ranges

MODEL_VERSION = "dlib-resnet-v1+mesh@4"
UNTUNED_VERSION = "dlib-resnet-v1+mtcnn40@untuned"
OPSET = 17
SMALL = 40_000  # numbers; smaller tensors stay float32: 0.7 MB more, and the embedding moves a third as far
TINY = 256  # numbers; a Cast and a second name cost more
INT8_COSINE_MIN = 0.99  # between an embedding in int8 and in float32
RANGES = Path(__file__).parent / "embedder_ranges.json"

MTCNN_INPUT = "float32 RGB, (x - 127.5) * 0.0078125, channels first"


@dataclass(frozen=True)
class Model:
    """One file: where its weights come from, what goes in and out, how far float16 may move the output."""

    role: str
    source: Source
    build: Callable[[], nn.Module]
    example: tuple[int, ...]
    dynamic: dict[int, str]
    outputs: tuple[str, ...]
    drift_max: float  # largest absolute difference of any output number, float16 weights against float32
    input_meaning: str
    output_meaning: str
    licence: str
    licence_file: str  # inside the package's dist-info
    trained: str = (
        ""  # sha256 of the checkpoint that the weights come from, if not from the package as they are
    )
    parity_max: float = 1e-5  # largest absolute difference of any output number, ONNX against PyTorch
    ranges: Path | None = None  # of its activations; with them the file is int8


HALF_WEIGHTS = f"float16 above {SMALL:,} numbers a tensor or where exact, cast to float32 on load"
INT8_WEIGHTS = "int8, 7 bits used, a scale per channel; activations uint8 (docs/adr/0015)"

MIT = ("MIT", "LICENSE.md")
CC0 = ("CC0-1.0", "licenses/LICENSE")
APACHE = ("Apache-2.0", "LICENSE")

MODELS_TO_EXPORT = (
    Model(
        "blazeface", pretrained.BLAZE, pretrained.blaze, (1, 3, 128, 128), {},
        ("boxes", "probabilities"), 0.0, "(1, 3, 128, 128) float32 RGB 0..255, letterboxed in black",
        "anchors (1, 896, 16): centre, size, six points in px from the anchor's centre; P(face) (1, 896)",
        *APACHE, parity_max=1e-3,
    ),
    Model(
        "facemesh", pretrained.MESH, pretrained.mesh, (1, 3, 192, 192), {},
        ("points", "probability"), 0.0, "(1, 3, 192, 192) float32 RGB 0..255, eyes level",
        "points (1, 468, 2) in px of the input, without depth; P(a face is there) (1,)",
        *APACHE, parity_max=1e-3,
    ),
    Model(
        "mtcnn-pnet", pretrained.PNET, pretrained.pnet, (1, 3, 96, 128), {2: "height", 3: "width"},
        ("boxes", "probabilities"), 5e-3, f"(1, 3, height, width) {MTCNN_INPUT}",
        "box corrections (1, 4, h, w); P(no face), P(face) (1, 2, h, w); stride 2, cell 12", *MIT,
    ),
    Model(
        "mtcnn-rnet", pretrained.RNET, pretrained.rnet, (4, 3, 24, 24), {0: "batch"},
        ("boxes", "probabilities"), 5e-3, f"(batch, 3, 24, 24) {MTCNN_INPUT}",
        "box corrections (batch, 4); P(no face), P(face) (batch, 2)", *MIT,
    ),
    Model(
        "mtcnn-onet", pretrained.ONET, pretrained.onet, (4, 3, 48, 48), {0: "batch"},
        ("boxes", "landmarks", "probabilities"), 5e-3, f"(batch, 3, 48, 48) {MTCNN_INPUT}",
        "box corrections (batch, 4); five x then five y in units of the square box (batch, 10); "
        "P(no face), P(face) (batch, 2)", *MIT,
    ),
    Model(
        "embedder", pretrained.RESNET, pretrained.resnet, (2, 3, 150, 150), {0: "batch"},
        ("embedding",), 1e-3, "(batch, 3, 150, 150) float32 RGB 0..255, aligned crop",
        "(batch, 128) float32, not unit length", *CC0, ranges=RANGES,
    ),
)  # fmt: skip


UNTUNED_ROLES = ("mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet", "embedder")
UNTUNED = tuple(replace(model, ranges=None) for model in MODELS_TO_EXPORT if model.role in UNTUNED_ROLES)


def with_embedder(checkpoint: Path, ranges: Path) -> tuple[Model, ...]:
    """Raises ValueError, naming a file that is no checkpoint."""
    net = pretrained.trained_resnet(checkpoint)
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    return tuple(
        replace(model, build=lambda: net, trained=digest, ranges=ranges)
        if model.role == "embedder"
        else model
        for model in MODELS_TO_EXPORT
    )


def export(
    out: Path, models: tuple[Model, ...] = MODELS_TO_EXPORT, version: str = MODEL_VERSION
) -> dict[str, object]:
    """Writes all files and the manifest; raises ValueError if a file strays from PyTorch."""
    out.mkdir(parents=True, exist_ok=True)
    entries = {model.role: _export_one(model, out) for model in models}
    path = out / "manifest.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    kept = {role: entry for role, entry in known.get("models", {}).items() if role not in entries}
    manifest = {
        "model_version": version,
        "models": entries | kept,
        "thresholds": known.get("thresholds", []),
    }
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return manifest


def measure_ranges(models: tuple[Model, ...], prepared: Path) -> None:
    """Writes the file of ranges of each net that rests as int8. Raises DataUnusable."""
    folder = Prepared.open(prepared)
    for model in models:
        if model.ranges:
            with TemporaryDirectory() as scratch:
                graph = _float_graph(model.build(), model, Path(scratch) / "full.onnx")
            quantise.measure(graph, folder).write(model.ranges)


def _export_one(model: Model, out: Path) -> dict[str, object]:
    net = model.build()
    file = out / f"{model.role}.onnx"
    full = out / f"{model.role}.full.onnx"
    try:
        graph = _float_graph(net, model, full)
        example = _example(model)
        exact = run_onnx(full, example)
    finally:
        full.unlink(missing_ok=True)
    apart = _largest_difference(_torch(net, example), exact)
    if apart > model.parity_max:
        raise ValueError(f"{model.role}: ONNX and PyTorch differ by {apart}")
    if model.ranges:
        rest = {"int8_cosine_to_float32_min": _save_int8(model, graph, file, exact)}
    else:
        rest = {"float16_against_float32": _save_half(model, graph, file, exact)}
    parity = {"onnx_against_torch": apart, **rest}
    licence = f"LICENSE-{model.source.package}.txt"
    (out / licence).write_text(_licence_text(model))
    return {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "weights": INT8_WEIGHTS if model.ranges else HALF_WEIGHTS,
        "source": {
            "package": model.source.package,
            "version": model.source.version,
            "file": model.source.file,
            "sha256": model.source.sha256,
        },
        **({"trained": model.trained} if model.trained else {}),
        "licence": model.licence,
        "licence_file": licence,
        "input": model.input_meaning,
        "output": model.output_meaning,
        "parity": {name: float(f"{value:.3g}") for name, value in parity.items()},
    }


def _save_half(model: Model, graph: onnx.ModelProto, file: Path, exact: list[NDArray[np.float32]]) -> float:
    onnx.save(with_half_weights(graph), str(file))
    drift = _largest_difference(exact, run_onnx(file, _example(model)))
    if drift > model.drift_max:
        raise ValueError(f"{model.role}: float16 weights move an output by {drift}")
    return drift


def _save_int8(model: Model, graph: onnx.ModelProto, file: Path, exact: list[NDArray[np.float32]]) -> float:
    assert model.ranges is not None
    try:
        onnx.save(quantise.quantised(graph, Ranges.read(model.ranges)), str(file))
    except ValueError as error:
        raise ValueError(f"{model.role}, {model.ranges}: {error}") from error
    cosine = _smallest_cosine(exact, run_onnx(file, _example(model)))
    if cosine < INT8_COSINE_MIN:
        raise ValueError(f"{model.role}: int8 turns an output to a cosine of {cosine}")
    return cosine


def _float_graph(net: nn.Module, model: Model, file: Path) -> onnx.ModelProto:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter announces its retirement on every call
        torch.onnx.export(
            net, (torch.from_numpy(_example(model)),), str(file), dynamo=False, opset_version=OPSET,
            input_names=["input"], output_names=list(model.outputs),
            dynamic_axes={"input": model.dynamic, **dict.fromkeys(model.outputs, model.dynamic)},
        )  # fmt: skip
    return onnx.load(str(file))


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every float32 constant of more than SMALL numbers, or without loss, becomes float16 plus a Cast; the rest is
    untouched."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or not (values.size > SMALL or _held_exactly(values)):
            continue
        name = tensor.name
        assert np.abs(values).max() < np.finfo(np.float16).max
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    return model


def _held_exactly(values: NDArray[np.float32]) -> bool:
    return values.size > TINY and bool(np.array_equal(values.astype(np.float16), values))


def run_onnx(path: Path, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs: list[NDArray[np.float32]] = session.run(None, {"input": example})
    return outputs


def _torch(net: nn.Module, example: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    with torch.no_grad():
        outputs = net(torch.from_numpy(example))
    return [o.numpy() for o in (outputs if isinstance(outputs, tuple) else (outputs,))]


def _example(model: Model) -> NDArray[np.float32]:
    rng = np.random.default_rng(7)
    pixels = rng.uniform(0, 255, model.example).astype(np.float32)
    return ((pixels - 127.5) * 0.0078125).astype(np.float32) if MTCNN_INPUT in model.input_meaning else pixels


def _largest_difference(a: list[NDArray[np.float32]], b: list[NDArray[np.float32]]) -> float:
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


def _smallest_cosine(a: list[NDArray[np.float32]], b: list[NDArray[np.float32]]) -> float:
    """Over the rows of the one output of an embedder."""
    (x,), (y,) = a, b
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return float(((x * y).sum(axis=1) / lengths).min())


def _licence_text(model: Model) -> str:
    found = [f for f in distribution(model.source.package).files or [] if str(f).endswith(model.licence_file)]
    (file,) = [f for f in found if ".dist-info" in str(f)]
    return file.read_text()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ml.export", description="Weights to ONNX and manifest.")
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument("--untuned", action="store_true", help="the plain dlib ResNet, to compare with")
    parser.add_argument("--embedder", type=Path, metavar="FILE", help="a checkpoint of ml.train embedder")
    parser.add_argument("--version", metavar="NAME", help="with --embedder: of templates that it makes")
    parser.add_argument("--ranges", type=Path, metavar="FILE", help="with --embedder: of its activations")
    parser.add_argument(
        "--measure",
        type=Path,
        metavar="PREPARED",
        help="make the file of ranges from training pictures first",
    )
    options = parser.parse_args()
    if options.untuned and options.out.resolve() == MODELS.resolve():
        parser.error("--untuned needs a folder of its own: name it with --out DIR")
    if options.untuned and options.measure:
        parser.error("--untuned is float32: there are no ranges to measure")
    if not bool(options.embedder) == bool(options.version) == bool(options.ranges):
        parser.error(
            "--embedder, --version and --ranges belong together: another net, its templates, its ranges"
        )
    try:
        chosen = (UNTUNED, UNTUNED_VERSION) if options.untuned else (MODELS_TO_EXPORT, MODEL_VERSION)
        if options.embedder:
            chosen = with_embedder(options.embedder, options.ranges), options.version
        if options.measure:
            measure_ranges(chosen[0], options.measure)
        print(json.dumps(export(options.out, *chosen), indent=2))
    except (ValueError, DataUnusable) as error:
        print(f"ml.export: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
