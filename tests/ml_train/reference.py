"""The originals, as far as they run here: facenet-pytorch's detector and dlib's embedder."""

import importlib.util
import sys
import types
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import dlib
import numpy as np
import torch
from torch import Tensor

from ml.nets import pretrained


def _batched_nms(boxes: Tensor, scores: Tensor, groups: Tensor, overlap_max: float) -> Tensor:
    """torchvision's, for one picture (its compiled kernel does not load beside a CPU torch)."""
    assert len(groups.unique()) <= 1
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = scores.argsort(descending=True, stable=True)
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        corner = torch.maximum(boxes[best, :2], boxes[left, :2])
        shared = (torch.minimum(boxes[best, 2:], boxes[left, 2:]) - corner).clamp(min=0).prod(dim=1)
        left = left[shared / (area[best] + area[left] - shared) <= overlap_max]
    return torch.tensor(kept, dtype=torch.long)


def _module(name: str, **members: object) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(members)
    return module


def facenet_detect_face():
    """The function detect_face of facenet-pytorch 2.6.0, from its file, with torchvision's two names
    supplied."""
    stand_ins = {
        "torchvision": _module("torchvision"),
        "torchvision.transforms": _module("torchvision.transforms", functional=None),
        "torchvision.ops": _module("torchvision.ops"),
        "torchvision.ops.boxes": _module("torchvision.ops.boxes", batched_nms=_batched_nms),
    }
    path = distribution("facenet-pytorch").locate_file("facenet_pytorch/models/utils/detect_face.py")
    spec = importlib.util.spec_from_file_location("facenet_detect_face", Path(str(path)))
    module = importlib.util.module_from_spec(spec)
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        spec.loader.exec_module(module)
    finally:
        for name, known in before.items():
            sys.modules.pop(name) if known is None else sys.modules.update({name: known})
    return module.detect_face


def facenet_faces(image: np.ndarray, minsize: int) -> tuple[np.ndarray, np.ndarray]:
    """image: (H, W, 3) uint8 RGB. Returns boxes (N, 5) with the score last and landmarks (N, 5, 2)."""
    with torch.no_grad():
        boxes, points = facenet_detect_face()(
            image, minsize, pretrained.pnet(), pretrained.rnet(), pretrained.onet(),
            [0.6, 0.7, 0.7], 0.709, torch.device("cpu"),
        )  # fmt: skip
    return boxes[0].astype(np.float64), points[0].astype(np.float64)


@cache
def dlib_resnet() -> dlib.face_recognition_model_v1:
    return dlib.face_recognition_model_v1(str(pretrained.RESNET.path()))


def dlib_embedding(crop: np.ndarray) -> np.ndarray:
    """crop: (150, 150, 3) uint8 RGB, already aligned. Returns (128,), dlib's own numbers."""
    return np.array(dlib_resnet().compute_face_descriptor(np.ascontiguousarray(crop)))
