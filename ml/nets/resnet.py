"""dlib's face ResNet (29 convolutions, batch norms folded).  Source: davisking/dlib, dnn_face_recognition_ex.

The grid sizes are those of a 150 x 150 crop; two of the five shrinking blocks need zeros added on the right
and at the bottom, because dlib adds a 3-wide convolution path to a 4-wide pooled one (and 1 to 2).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that all torch code uses

MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 256.0

# (channels, plain blocks before the next shrink, zeros that the convolution path lacks after that shrink)
STAGES = ((32, 3), (64, 3), (128, 2), (256, 2), (256, 0))
MISSING = (0, 0, 1, 1)


class Plain(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class Down(nn.Module):
    """Halves the grid: stride-2 convolution without padding, beside 2 x 2 average pooling."""

    def __init__(self, channels_in: int, channels_out: int, missing: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride=2)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.channels_added, self.missing = channels_out - channels_in, missing

    def forward(self, x: Tensor) -> Tensor:
        shortcut = F.avg_pool2d(x, 2, 2)
        if self.channels_added:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self.channels_added))
        path = self.conv2(F.relu(self.conv1(x)))
        if self.missing:
            path = F.pad(path, (0, self.missing, 0, self.missing))
        return F.relu(path + shortcut)


class DlibResNet(nn.Module):
    """(N, 3, 150, 150) float RGB 0..255 → (N, 128); not unit length (norms about 1.4)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        blocks: list[nn.Module] = []
        for stage, (channels, plain) in enumerate(STAGES):
            if stage:
                blocks.append(Down(STAGES[stage - 1][0], channels, MISSING[stage - 1]))
            blocks += [Plain(channels) for _ in range(plain)]
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(256, 128, bias=False)
        self.register_buffer("mean", torch.tensor(MEAN_RGB).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = (x - self.mean) / SCALE
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2)  # (N, 32, 35, 35)
        x = self.blocks(x)  # (N, 256, 2, 2)
        return self.fc(x.mean(dim=(2, 3)))

    def convolutions(self) -> list[nn.Conv2d]:
        """In the order input → output, as the file of weights holds them."""
        pairs = [conv for block in self.blocks for conv in (block.conv1, block.conv2)]
        return [self.stem, *pairs]

    def first_layers(self) -> nn.ModuleList:
        """Down to 35 x 35: edges and spots, half of the work of a pass."""
        return nn.ModuleList([self.stem, *self.blocks[: STAGES[0][1]]])
