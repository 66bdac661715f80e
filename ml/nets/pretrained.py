"""Weights out of the PyPI packages facenet-pytorch 2.6.0, face_recognition_models 0.3.0 and mediapipe 0.10.21.

Only files are read; no package is imported (the first pins an old torch, the second needs pkg_resources, the
third a gigabyte of others). The .dat file is dlib's own serialisation, read here without dlib: see `DatReader`.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from pickle import UnpicklingError
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml.nets.blaze import BlazeFace
from ml.nets.mesh import POINTS, FaceMesh
from ml.nets.mtcnn import ONet, PNet, RNet
from ml.nets.resnet import DlibResNet
from ml.nets.tflite import fill, read_layers

Array = NDArray[np.float32]
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class Source:
    package: str
    file: str  # path inside the installed package
    sha256: str

    @property
    def version(self) -> str:
        return distribution(self.package).version

    def path(self) -> Path:
        """Raises ValueError if the file is not byte for byte the one whose parity was tested."""
        found = Path(str(distribution(self.package).locate_file(self.file)))
        digest = hashlib.sha256(found.read_bytes()).hexdigest()
        if digest != self.sha256:
            raise ValueError(f"{self.package}: {self.file} has sha256 {digest}, expected {self.sha256}")
        return found


PNET = Source(
    "facenet-pytorch",
    "facenet_pytorch/data/pnet.pt",
    "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
)
RNET = Source(
    "facenet-pytorch",
    "facenet_pytorch/data/rnet.pt",
    "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
)
ONET = Source(
    "facenet-pytorch",
    "facenet_pytorch/data/onet.pt",
    "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
)
RESNET = Source(
    "face_recognition_models",
    "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
BLAZE = Source(
    "mediapipe",
    "mediapipe/modules/face_detection/face_detection_short_range.tflite",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)
MESH = Source(
    "mediapipe",
    "mediapipe/modules/face_landmark/face_landmark.tflite",
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)


def pnet() -> PNet:
    return _from_state_dict(PNet(), PNET)


def rnet() -> RNet:
    return _from_state_dict(RNet(), RNET)


def onet() -> ONet:
    return _from_state_dict(ONet(), ONET)


def _from_state_dict(net: Net, source: Source) -> Net:
    net.load_state_dict(torch.load(source.path(), weights_only=True))
    return net.eval()


def blaze() -> BlazeFace:
    net = BlazeFace()
    fill(net.in_the_files_order(), read_layers(BLAZE.path().read_bytes()))
    return net.eval()


def mesh() -> FaceMesh:
    """Of the file's x, y, z only x and y are taken."""
    layers = read_layers(MESH.path().read_bytes())
    weight, bias = layers.convolutions.pop()
    flat = (
        weight.reshape(POINTS, 3, *weight.shape[1:])[:, :2].reshape(-1, *weight.shape[1:]),
        bias.reshape(POINTS, 3)[:, :2].reshape(-1),
    )
    layers.convolutions.append(flat)
    net = FaceMesh()
    fill(net.in_the_files_order(), layers)
    return net.eval()


def trained_resnet(checkpoint: Path) -> DlibResNet:
    """The averaged weights of a run of `python -m ml.train embedder`. Raises ValueError, naming a file that is none."""
    net = DlibResNet()
    try:
        weights = torch.load(checkpoint, map_location="cpu", weights_only=True)["net"]
        net.load_state_dict(under("average.", weights))
    except (OSError, EOFError, RuntimeError, UnpicklingError, KeyError, TypeError) as error:
        raise ValueError(f"{checkpoint} is no checkpoint of ml.train embedder: {error}") from error
    return net.eval()


def under(prefix: str, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of one of the nets that a checkpoint holds side by side."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def resnet() -> DlibResNet:
    """dlib's weights, every affine layer (a frozen batch norm) folded into the convolution before it."""
    layers = DatReader(RESNET.path().read_bytes()).layers()
    net = DlibResNet()
    convolutions = net.convolutions()
    assert len(layers.convolutions) == len(layers.affines) == len(convolutions) == 29
    with torch.no_grad():
        for conv, numbers, affine in zip(convolutions, layers.convolutions, layers.affines, strict=True):
            weight, bias = numbers[: conv.weight.numel()], numbers[conv.weight.numel() :]
            gamma, beta = affine[: conv.out_channels], affine[conv.out_channels :]
            conv.weight.copy_(
                torch.from_numpy(weight.reshape(conv.weight.shape) * gamma[:, None, None, None])
            )
            assert conv.bias is not None
            conv.bias.copy_(torch.from_numpy(bias * gamma + beta))
        net.fc.weight.copy_(torch.from_numpy(layers.fc.reshape(256, 128).T.copy()))
    return net.eval()


@dataclass(frozen=True)
class DatLayers:
    convolutions: list[Array]  # each: filters (out, in, rows, cols) flattened, then one bias per filter
    affines: list[Array]  # each: C gammas, then C betas
    fc: Array  # (256 * 128,), input-major


class DatReader:
    """dlib's serialisation, as far as this file needs it.  Source: davisking/dlib, serialize.h and tensor.h.

    Integer: a control byte (low nibble = bytes that follow, bit 7 = sign), then little-endian bytes.
    String: length, bytes.  Tensor: version 2, the integers n, k, rows, cols, then raw little-endian float32.
    Layers stand in the order input → output, because each writes what lies below it first; so looking for the
    length-prefixed layer tags is enough.
    """

    TAGS = (b"con_4", b"affine_", b"fc_2")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def layers(self) -> DatLayers:
        convolutions: list[Array] = []
        affines: list[Array] = []
        dense: list[Array] = []
        while tag := self._next_tag():
            match tag:
                case b"con_4":
                    convolutions.append(self._tensor())
                case b"affine_":
                    affines.append(self._tensor())
                case b"fc_2":
                    outputs, inputs = self._integer(), self._integer()
                    assert (outputs, inputs) == (128, 256), (outputs, inputs)
                    dense.append(self._tensor())
        (fc,) = dense
        return DatLayers(convolutions, affines, fc)

    def _next_tag(self) -> bytes | None:
        found = [(at, tag) for tag in self.TAGS if (at := self._data.find(_prefixed(tag), self._at)) >= 0]
        if not found:
            return None
        at, tag = min(found)
        self._at = at + len(_prefixed(tag))
        return tag

    def _integer(self) -> int:
        control = self._data[self._at]
        length = control & 0x0F
        assert 1 <= length <= 8, f"not an integer at byte {self._at}"
        value = int.from_bytes(self._data[self._at + 1 : self._at + 1 + length], "little")
        self._at += 1 + length
        return -value if control & 0x80 else value

    def _tensor(self) -> Array:
        version = self._integer()
        assert version == 2, f"tensor version {version} at byte {self._at}"
        count = int(np.prod([self._integer() for _ in range(4)]))
        values = np.frombuffer(self._data, "<f4", count, self._at).astype(np.float32)
        self._at += 4 * count
        return values


def _prefixed(tag: bytes) -> bytes:
    return bytes([1, len(tag)]) + tag
