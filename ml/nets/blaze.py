"""BlazeFace, short range: one look at 128 x 128 pixels, 896 anchors.

Source: Bazarevsky et al. 2019, in the form of mediapipe 0.10.21 (face_detection_short_range.tflite).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that all torch code uses

SIDE_PX = 128
NUMBERS = 16  # of an anchor: centre, size, then six points; all in px of the 128 from the anchor's centre
BLOCK = 16  # channels come in blocks of as many in ONNX Runtime's layout for convolutions


def whole_blocks(channels: int) -> int:
    """Channels beyond the published number are zeros and stay zeros. So hardly a tensor is laid out anew between two
    layers, and the net runs twice as fast."""
    return -(-channels // BLOCK) * BLOCK


def same(channels_in: int, channels_out: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    """TensorFlow's SAME padding of an even side. At stride 2 it puts one pixel more on the right and below; here the
    kernel has a row above and a column on the left instead, which are zeros."""
    kernel += stride - 1
    return nn.Conv2d(channels_in, channels_out, kernel, stride, padding=(kernel - 1) // 2, groups=groups)


class BlazeBlock(nn.Module):
    """Depthwise 3 x 3, pointwise, plus the input: pooled where the grid halves, zeros for new channels."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int, activation: nn.Module) -> None:
        super().__init__()
        self.depthwise = same(channels_in, channels_in, 3, stride, groups=channels_in)
        self.pointwise = nn.Conv2d(channels_in, channels_out, 1)
        self.activation = activation
        shortcut: list[nn.Module] = []
        if stride == 2:
            shortcut.append(nn.MaxPool2d(2, 2))
        if channels_in != channels_out:
            shortcut.append(Widen(channels_in, channels_out))
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.pointwise(self.depthwise(x)) + self.shortcut(x))


class Widen(nn.Module):
    """Appends channels of zeros; as a convolution, because that keeps ONNX Runtime's layout and a pad does not."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.register_buffer("ones", torch.eye(channels_out, channels_in)[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.ones)


class BlazeFace(nn.Module):
    """(1, 3, 128, 128) float RGB 0..255 → anchors (1, 896, 16) and P(face) (1, 896): first the 16 x 16 grid
    with two anchors a cell, then 8 x 8 with six; row by row."""

    FINE = (24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88)  # published channels after each block
    COARSE = (96, 96, 96, 96, 96)
    HALVING = (2, 5)  # blocks of FINE that halve the grid; the first of COARSE does too

    def __init__(self) -> None:
        super().__init__()
        stem, fine = whole_blocks(24), [whole_blocks(channels) for channels in self.FINE]
        self.stem = nn.Sequential(same(3, stem, 5, 2), nn.ReLU())
        self.fine = _chain(stem, fine, self.HALVING)
        self.coarse = _chain(fine[-1], self.COARSE, (0,))
        self.scores = nn.ModuleList([nn.Conv2d(96, 2, 1), nn.Conv2d(96, 6, 1)])
        self.boxes = nn.ModuleList([nn.Conv2d(96, 2 * NUMBERS, 1), nn.Conv2d(96, 6 * NUMBERS, 1)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(self.stem(x / 127.5 - 1))  # (1, 96, 16, 16)
        grids = (fine, self.coarse(fine))  # ..., (1, 96, 8, 8)
        boxes = [_by_anchor(head(grid), NUMBERS) for head, grid in zip(self.boxes, grids, strict=True)]
        scores = [_by_anchor(head(grid), 1) for head, grid in zip(self.scores, grids, strict=True)]
        return torch.cat(boxes, dim=1), torch.sigmoid(torch.cat(scores, dim=1)).squeeze(2)

    def in_the_files_order(self) -> list[nn.Module]:
        return list(self.modules())


def _chain(before: int, widths: Sequence[int], halving: Sequence[int]) -> nn.Sequential:
    return nn.Sequential(*(
        BlazeBlock(channels_in, channels_out, stride=2 if i in halving else 1, activation=nn.ReLU())
        for i, (channels_in, channels_out) in enumerate(pairwise((before, *widths)))
    ))  # fmt: skip


def _by_anchor(grid: Tensor, numbers: int) -> Tensor:
    return grid.permute(0, 2, 3, 1).reshape(1, -1, numbers)
