"""The trained paper's network as a folder that `python -m ml.evaluate … --model paper --models DIR` reads."""

import hashlib
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that all torch code uses

from ml.data.files import write_atomically, write_text
from ml.face.manifest import MODELS
from ml.nets.paper_cnn import SIZE_PX, PaperCNN
from ml.nets.similarity_mlp import SimilarityMLP
from ml.train.paper_run import PaperRun
from ml.train.pca import PCA

OPSET = 17
HALF_ABOVE = 4096  # numbers of a tensor; smaller ones stay float32
PARITY_MAX = 1e-4  # ONNX against PyTorch, both with the weights as they rest
DETECTOR = ("mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet")


class _From220(nn.Module):
    """(N, 3, 220, 220) RGB 0..255, whatever the size the net was trained at → (N, 2048).

    Smaller pictures are made by two products with one matrix, bicubic as Pillow's: ONNX's own Resize is not the
    same in every runtime."""

    def __init__(self, net: PaperCNN) -> None:
        super().__init__()
        self.net = net
        unit = torch.eye(SIZE_PX)[None, None]
        shrink = F.interpolate(unit, (net.size_px, SIZE_PX), mode="bicubic", antialias=True)[0, 0]
        self.register_buffer("shrink", shrink)  # (size, 220)

    def forward(self, x: Tensor) -> Tensor:
        if self.net.size_px != SIZE_PX:
            x = (self.shrink @ x @ self.shrink.T).clamp(0, 255)
        return self.net(x / 255)


class _Logit(nn.Module):
    """(N, k) |difference| → (N, 1)"""

    def __init__(self, mlp: SimilarityMLP) -> None:
        super().__init__()
        self.mlp = mlp

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(x)[:, None]


def export(net: PaperCNN, fitted: PCA, mlp: SimilarityMLP, run: PaperRun, out: Path) -> dict[str, Any]:
    """Writes embedder, classifier, PCA, the detector's nets and manifest.json; the net's weights are rounded to
    float16 first. Raises ValueError if a file strays from PyTorch."""
    out.mkdir(parents=True, exist_ok=True)
    net, mlp = net.to("cpu", memory_format=torch.contiguous_format).eval(), mlp.cpu().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.numel() > HALF_ABOVE:
                parameter.copy_(parameter.half().float())
    rng = np.random.default_rng(7)
    pixels = rng.uniform(0, 255, (2, 3, SIZE_PX, SIZE_PX)).astype(np.float32)
    differences = rng.exponential(mlp.scale.numpy(), (2, len(fitted.components))).astype(np.float32)
    entries = {
        "paper-embedder": write_onnx(_From220(net), {"input": pixels}, "embedding", out / "paper.onnx"),
        "paper-similarity": write_onnx(
            _Logit(mlp), {"input": differences}, "logit", out / "paper-similarity.onnx"
        ),
        **_detector(out),
    }
    arrays = {"mean": fitted.mean, "components": fitted.components}
    for i, (weight, bias) in enumerate(mlp.folded()):
        arrays |= {f"weight{i}": weight.numpy(), f"bias{i}": bias.numpy()}
    write_atomically(out / "paper-pca.npz", lambda file: np.savez(file, **arrays))
    manifest = {
        "model_version": f"paper-{run.variant}-{run.size_px}-{run.by}-{run.wearing}",
        "models": entries,
        "pca": "paper-pca.npz",
        "input": "(batch, 3, 220, 220) float32 RGB 0..255, the aligned crop enlarged; scaled down inside if need be",
        "size_px": run.size_px,
        "components": len(fitted.components),
        "variant": run.variant,
        "threshold": {"probability": 0.5, "logit": 0.0},
        "run": run.config(),
    }
    write_text(out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    return manifest


def write_onnx(
    net: nn.Module, examples: dict[str, NDArray[np.float32]], output: str, path: Path
) -> dict[str, Any]:
    """examples: what the net takes, by name, two rows or more. Raises ValueError if the file strays from PyTorch."""
    net.eval()  # the exporter puts the wrapper back into the mode it was in
    whole = path.with_name(f".{path.name}.whole")
    tensors = tuple(torch.from_numpy(example) for example in examples.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter announces its retirement on every call
        torch.onnx.export(
            net, tensors, str(whole), dynamo=False, opset_version=OPSET,
            input_names=list(examples), output_names=[output],
            dynamic_axes={name: {0: "batch"} for name in (*examples, output)},
        )  # fmt: skip
    model = _with_half_weights(onnx.load(str(whole)))
    whole.unlink()
    content = model.SerializeToString()
    with torch.no_grad():
        expected = net(*tensors).numpy()
    (found,) = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, examples)
    apart = float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))
    if not apart <= PARITY_MAX:
        raise ValueError(f"{path}: ONNX and PyTorch differ by {apart:.1e}")
    write_atomically(path, lambda file: file.write(content))
    return {
        "file": path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "parity": float(f"{apart:.1e}"),
    }


def _with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Constants that float16 holds exactly rest as such; a Cast restores them when a session loads."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size <= HALF_ABOVE:
            continue
        half = values.astype(np.float16)
        if not np.array_equal(half, values):  # the classifier's: it has few
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    return model


def _detector(out: Path) -> dict[str, Any]:
    """The nets that find and align the face, copied from those that serve."""
    served = json.loads((MODELS / "manifest.json").read_text())["models"]
    for role in DETECTOR:
        shutil.copyfile(MODELS / served[role]["file"], out / served[role]["file"])
    return {role: served[role] for role in DETECTOR}
