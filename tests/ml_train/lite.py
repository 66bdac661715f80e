"""The originals of BlazeFace and of the mesh: mediapipe's flatbuffers, run by LiteRT."""

from functools import cache

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ml.nets import pretrained
from ml.nets.pretrained import Source


def lite_blaze(canvas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """canvas: (1, 3, 128, 128) float32 0..255. Returns anchors (896, 16) and probabilities (896,)."""
    anchors, logits = _run(pretrained.BLAZE, canvas / 127.5 - 1)
    return anchors.reshape(896, 16), _logistic(logits.reshape(896))


def lite_mesh(crop: np.ndarray) -> tuple[np.ndarray, float]:
    """crop: (1, 3, 192, 192) float32 0..255. Returns points (468, 2) in its px and the probability of a face."""
    points, logit = _run(pretrained.MESH, crop / 255)
    return points.reshape(468, 3)[:, :2], float(_logistic(logit.reshape(-1))[0])


def _run(source: Source, batch: np.ndarray) -> list[np.ndarray]:
    interpreter = _interpreter(source)
    (into,) = interpreter.get_input_details()
    interpreter.set_tensor(into["index"], batch.transpose(0, 2, 3, 1).astype(np.float32))
    interpreter.invoke()
    outputs = [interpreter.get_tensor(out["index"]) for out in interpreter.get_output_details()]
    return sorted(outputs, key=lambda values: -values.size)


@cache
def _interpreter(source: Source) -> Interpreter:
    interpreter = Interpreter(model_path=str(source.path()), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x.astype(np.float64), -80, 80)))
