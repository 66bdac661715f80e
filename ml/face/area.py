"""Exact area resizing by table look-up in one integral image.

Equal to adaptive average pooling (torch's interpolate(mode="area")): output cell i covers the input cells
floor(i*n/o) ... ceil((i+1)*n/o) - 1.  MTCNN was trained on it; any other filter moves the boxes.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]


class AreaSampler:
    """Sums of rectangles of one picture in four look-ups; int32 may wrap, differences of it stay right as
    long as one rectangle holds fewer than 2**31 / 255 = 8.4 million pixels."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        height, width, channels = image.shape
        self.height, self.width = height, width
        self._sums = np.zeros((height + 1, width + 1, channels), np.int32)
        rows = self._sums[1:, 1:]
        np.cumsum(image, axis=1, dtype=np.int32, out=rows)
        for y in range(1, height):  # six times as fast as numpy's own sum along the first axis
            rows[y] += rows[y - 1]
        self._flat = self._sums.reshape(-1, channels)

    def whole(self, height: int, width: int) -> Floats:
        """The picture at (height, width): (3, height, width) float32, 0..255."""
        top, bottom = _edges(np.array([0]), np.array([self.height]), height)
        left, right = _edges(np.array([0]), np.array([self.width]), width)
        upper, lower = self._sums[top[0]], self._sums[bottom[0]]
        strips = lower - upper  # (height, W + 1, 3): sums over the rows of each cell, from the left edge
        sums = strips[:, right[0]] - strips[:, left[0]]
        area = (bottom - top)[0][:, None] * (right - left)[0][None, :]
        means = sums.astype(np.float32) / area[:, :, None].astype(np.float32)
        return np.ascontiguousarray(means.transpose(2, 0, 1))

    def crops(self, boxes: Ints, size: int) -> Floats:
        """boxes: (N, 4) as left, top, right, bottom with exclusive ends inside the picture, none empty.
        Returns (N, 3, size, size) float32, 0..255."""
        left, right = _edges(boxes[:, 0], boxes[:, 2], size)
        top, bottom = _edges(boxes[:, 1], boxes[:, 3], size)
        stride = self.width + 1
        upper, lower = (top * stride)[:, :, None], (bottom * stride)[:, :, None]
        left_, right_ = left[:, None, :], right[:, None, :]
        look = self._flat.take
        sums = look(lower + right_, axis=0) - look(lower + left_, axis=0)
        sums -= look(upper + right_, axis=0)
        sums += look(upper + left_, axis=0)
        area = (bottom - top)[:, :, None] * (right - left)[:, None, :]
        means = sums.astype(np.float32) / area[..., None].astype(np.float32)
        return np.ascontiguousarray(means.transpose(0, 3, 1, 2))


def _edges(start: Ints, end: Ints, cells: int) -> tuple[Ints, Ints]:
    """First and past-the-last index of each of `cells` bins of [start, end): two arrays (N, cells)."""
    length = (end - start)[:, None]
    index = np.arange(cells)[None, :]
    first = index * length // cells
    last = -(-(index + 1) * length // cells)
    return start[:, None] + first, start[:, None] + last
