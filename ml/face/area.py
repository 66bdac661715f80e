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
        self.height, self.width, channels = image.shape
        self._sums = np.zeros((channels, self.height + 1, self.width + 1), np.int32)
        inner = self._sums[:, 1:, 1:]
        inner[...] = image.transpose(2, 0, 1)
        for y in range(1, self.height):  # six times as fast as numpy's own sum along this axis
            inner[:, y] += inner[:, y - 1]
        np.cumsum(inner, axis=2, out=inner)

    def whole(self, height: int, width: int) -> Floats:
        """The picture at (height, width): (3, height, width) float32, 0..255."""
        top, bottom = (edge[0] for edge in _edges(np.array([0]), np.array([self.height]), height))
        left, right = (edge[0] for edge in _edges(np.array([0]), np.array([self.width]), width))
        strips = self._sums.take(
            bottom, axis=1
        )  # (3, height, W + 1): each cell's rows, from the left edge on
        strips -= self._sums.take(top, axis=1)
        sums = strips.take(right, axis=2)
        sums -= strips.take(left, axis=2)
        means: Floats = sums.astype(np.float32)
        means /= ((bottom - top)[:, None] * (right - left)).astype(np.float32)
        return means

    def crops(self, boxes: Ints, size: int) -> Floats:
        """boxes: (N, 4) as left, top, right, bottom with exclusive ends inside the picture, none empty.
        Returns (N, 3, size, size) float32, 0..255."""
        left, right = (edge[:, None, :] for edge in _edges(boxes[:, 0], boxes[:, 2], size))
        top, bottom = (edge[:, :, None] for edge in _edges(boxes[:, 1], boxes[:, 3], size))
        area = ((bottom - top) * (right - left)).astype(np.float32)  # (N, size, size)
        upper, lower = top * (self.width + 1), bottom * (self.width + 1)
        corners = (lower + right, upper + left, lower + left, upper + right)  # places in one flat channel
        means = np.empty((len(boxes), len(self._sums), size, size), np.float32)
        for channel, sums in enumerate(self._sums.reshape(len(self._sums), -1)):
            plus, plus_too, minus, minus_too = (sums.take(places) for places in corners)
            np.divide(plus + plus_too - minus - minus_too, area, out=means[:, channel])
        return means


def _edges(start: Ints, end: Ints, cells: int) -> tuple[Ints, Ints]:
    """First and past-the-last index of each of `cells` bins of [start, end): two arrays (N, cells)."""
    length = (end - start)[:, None]
    index = np.arange(cells)[None, :]
    first = index * length // cells
    last = -(-(index + 1) * length // cells)
    return start[:, None] + first, start[:, None] + last
