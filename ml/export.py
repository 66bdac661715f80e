"""Weights → ONNX files and manifest.json in ml/face/models, each file checked against PyTorch first.

    python -m ml.export [--out DIR]        (environment: requirements-train.txt and requirements-weights.txt)
    python -m ml.export --embedder RUN/last.pt --version NAME    (with an embedder of python -m ml.train embedder)
    python -m ml.export --untuned --out DIR    (MTCNN and the plain dlib ResNet, what ml.evaluate calls `untuned`)

Large weights, and those that float16 holds exactly, rest as float16 and are cast to float32 inside the graph when
a session loads, so arithmetic is float32. The cohort and the thresholds in the manifest stay as they are: after a new
embedder `python -m ml.train cohort` and `python -m ml.evaluate thresholds --write` make them again.
"""

import argparse
import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from ml.face.manifest import MODELS
from ml.nets import pretrained
from ml.nets.pretrained import Source

MODEL_VERSION = "dlib-resnet-v1+mesh@3"
UNTUNED_VERSION = "dlib-resnet-v1+mtcnn40@untuned"
OPSET = 17
SMALL = 40_000  # numbers; smaller tensors stay float32: 0.7 MB more, and the embedding moves a third as far
TINY = 256  # numbers; a Cast and a second name cost more

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
        "(batch, 128) float32, not unit length", *CC0,
    ),
)  # fmt: skip


UNTUNED_ROLES = ("mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet", "embedder")
UNTUNED = tuple(model for model in MODELS_TO_EXPORT if model.role in UNTUNED_ROLES)


def with_embedder(checkpoint: Path) -> tuple[Model, ...]:
    """Raises ValueError, naming a file that is no checkpoint."""
    net = pretrained.trained_resnet(checkpoint)
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    return tuple(
        replace(model, build=lambda: net, trained=digest) if model.role == "embedder" else model
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


def _export_one(model: Model, out: Path) -> dict[str, object]:
    net = model.build()
    file = out / f"{model.role}.onnx"
    full = out / f"{model.role}.full.onnx"
    example = _example(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter announces its retirement on every call
        torch.onnx.export(
            net, (torch.from_numpy(example),), str(full), dynamo=False, opset_version=OPSET,
            input_names=["input"], output_names=list(model.outputs),
            dynamic_axes={"input": model.dynamic, **dict.fromkeys(model.outputs, model.dynamic)},
        )  # fmt: skip
    onnx.save(with_half_weights(onnx.load(str(full))), str(file))
    parity = {
        "onnx_against_torch": _largest_difference(_torch(net, example), run_onnx(full, example)),
        "float16_against_float32": _largest_difference(run_onnx(full, example), run_onnx(file, example)),
    }
    full.unlink()
    if parity["onnx_against_torch"] > model.parity_max or parity["float16_against_float32"] > model.drift_max:
        raise ValueError(f"{model.role}: {parity}")
    licence = f"LICENSE-{model.source.package}.txt"
    (out / licence).write_text(_licence_text(model))
    return {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "weights": f"float16 above {SMALL:,} numbers a tensor or where exact, cast to float32 on load",
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
        "parity": {name: float(f"{value:.2e}") for name, value in parity.items()},
    }


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
    options = parser.parse_args()
    if options.untuned and options.out.resolve() == MODELS.resolve():
        parser.error("--untuned needs a folder of its own: name it with --out DIR")
    if bool(options.embedder) != bool(options.version):
        parser.error("--embedder and --version belong together: templates carry the version")
    chosen = (UNTUNED, UNTUNED_VERSION) if options.untuned else (MODELS_TO_EXPORT, MODEL_VERSION)
    if options.embedder:
        chosen = with_embedder(options.embedder), options.version
    print(json.dumps(export(options.out, *chosen), indent=2))


if __name__ == "__main__":
    main()
