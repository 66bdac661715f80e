"""The net that lays 468 points on a face.

Source: Kartynnik et al. 2019, in the form of mediapipe 0.10.21 (face_landmark.tflite).  Its third coordinate is
left out: it is what faces usually look like, not a measurement; a photograph has it too.
"""

import torch
from torch import Tensor, nn

from ml.nets.blaze import BlazeBlock, same
from ml.nets.mtcnn import PRelu

SIDE_PX = 192
POINTS = 468


def block(channels_in: int, channels_out: int, stride: int = 1) -> BlazeBlock:
    return BlazeBlock(channels_in, channels_out, stride=stride, activation=PRelu(channels_out))


class FaceMesh(nn.Module):
    """(1, 3, 192, 192) float RGB 0..255 → points (1, 468, 2) in px of the input, P(a face is there) (1,)."""

    STAGES = ((16, 2), (32, 3), (64, 3), (128, 3), (128, 3))  # channels, blocks; each but the first halves

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(same(3, 16, 3, 2), PRelu(16))
        blocks: list[nn.Module] = []
        before = 16
        for channels, count in self.STAGES:
            for index in range(count):
                blocks.append(block(before, channels, 2 if index == 0 and blocks else 1))
                before = channels
        self.trunk = nn.Sequential(*blocks)
        self.flag_down = block(128, 128, 2)
        self.flag_narrow = nn.Sequential(nn.Conv2d(128, 32, 1), PRelu(32))
        self.flag_block = block(32, 32)
        self.flag_head = nn.Conv2d(32, 1, 3)
        self.points_down = nn.Sequential(block(128, 128, 2), block(128, 128))
        self.points_last = block(128, 128)
        self.points_narrow = nn.Sequential(nn.Conv2d(128, 32, 1), PRelu(32))
        self.points_block = block(32, 32)
        self.points_head = nn.Conv2d(32, 2 * POINTS, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        trunk = self.trunk(self.stem(x / 255))  # (1, 128, 6, 6)
        flag = self.flag_head(self.flag_block(self.flag_narrow(self.flag_down(trunk))))  # (1, 1, 1, 1)
        points = self.points_last(self.points_down(trunk))  # (1, 128, 3, 3)
        points = self.points_head(self.points_block(self.points_narrow(points)))  # (1, 936, 1, 1)
        return points.reshape(1, POINTS, 2), torch.sigmoid(flag.reshape(1))

    def in_the_files_order(self) -> list[nn.Module]:
        """After the trunk the file takes turns between its two branches."""
        parts = (
            self.stem, self.trunk, self.points_down, self.flag_down, self.points_last, self.flag_narrow,
            self.points_narrow, self.flag_block, self.points_block, self.flag_head, self.points_head,
        )  # fmt: skip
        return [module for part in parts for module in part.modules()]
