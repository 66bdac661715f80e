"""The embedder of the paper: a FaceNet-like convolutional network, 220 x 220 RGB in, 2,048 numbers out.

Stem 7 x 7 stride 2, then stages of 1 x 1 and 3 x 3 convolution as in FaceNet's NN1 (Schroff et al. 2015), each
with bias and ReLU, filters growing, 2 x 2 pooling; the last convolution is flattened, a fully connected (FC)
layer with batch norm follows, and a linear layer gives the 2,048 numbers. The paper prints neither the filters
nor the kernel sizes, and its FC widths (1,024, then 256, then 64) contradict the 2,048: they are read here as
the hidden layer, so that the embeddings of FC 64 lie in 65 dimensions, which fits the 55 and 48 components that
it finds to explain 99.99 % of their variance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that all torch code uses

EMBEDDING = 2048
SIZE_PX = 220
STEM = 32
FILTERS = (64, 128, 256, 256)  # of the stages; a 220 px picture passes all four, 64 to 128 px the first three
STAGES_MIN = 3
GRID_MAX = 4  # stages are added until the grid is no larger


class Dropout(StrEnum):
    NONE = "none"
    CONVOLUTION = "convolution"  # after the last convolution and its ReLU
    TWO = "two"  # after the last two stages


@dataclass(frozen=True, slots=True)
class Variant:
    """One architecture of the paper's search. `fc` None: the flattened convolution is the embedding."""

    name: str
    fc: int | None
    dropout: Dropout = Dropout.NONE
    dropout_share: float = 0.2
    batch_norm: bool = True


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("conv-dropout-1024", 1024, Dropout.CONVOLUTION, batch_norm=False),  # the first two
        Variant("two-dropouts-1024", 1024, Dropout.TWO, batch_norm=False),  # the third: fell over time
        Variant("plain-1024", 1024, batch_norm=False),  # the fourth: overfitted very early
        Variant("fc-1024", 1024),
        Variant("fc-256", 256),
        Variant("fc-64", 64),  # the final one
        Variant("flattened", None),
    )
}


class PaperCNN(nn.Module):
    """(N, 3, size, size) float RGB 0..1 → (N, 2048), unit length unless `unit_length` is False.

    Raises ValueError for a size below 32 px, or one whose last grid cannot be flattened into 2,048 numbers."""

    def __init__(self, variant: Variant, size_px: int = SIZE_PX, *, unit_length: bool = True) -> None:
        super().__init__()
        if size_px < 32:
            raise ValueError(f"size_px is {size_px}, at least 32 are needed")
        self.size_px, self.unit_length = size_px, unit_length
        self.stem = nn.Conv2d(3, STEM, 7, stride=2, padding=3)
        grid = _halved(_halved(size_px))  # stem, then pooling
        stages: list[nn.Module] = []
        channels = STEM
        for filters in FILTERS:
            if len(stages) >= STAGES_MIN and grid <= GRID_MAX:
                break
            stages.append(Stage(channels, filters))
            channels, grid = filters, _halved(grid)
        self.stages = nn.Sequential(*stages)
        at_stages = {Dropout.NONE: 0, Dropout.CONVOLUTION: 1, Dropout.TWO: 2}[variant.dropout]
        for stage in stages[len(stages) - at_stages :]:
            stage.dropout = nn.Dropout(variant.dropout_share)
        self.head = _head(variant, channels, grid)

    def forward(self, x: Tensor) -> Tensor:
        x = (x - 0.5) * 2
        x = F.relu(F.max_pool2d(self.stem(x), 2, ceil_mode=True))  # (N, 32, size / 4, size / 4)
        x = self.stages(x)  # 220 px: (N, 256, 4, 4)
        x = self.head(x).float()  # (N, 2048)
        return F.normalize(x) if self.unit_length else x


class Stage(nn.Module):
    """1 x 1, then 3 x 3 convolution, each with bias and ReLU; the grid is halved, rounded up. Pooling comes before
    the ReLU: the maximum is the same, and there is a quarter left to do."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels_in, channels_in, 1)
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.dropout: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(F.relu(self.mix(x)))
        return self.dropout(F.relu(F.max_pool2d(x, 2, ceil_mode=True)))


@dataclass(frozen=True, slots=True)
class Cost:
    parameters: int
    multiply_adds: int  # of one picture; convolutions and linear layers only


def cost(net: PaperCNN) -> Cost:
    """Counted while one grey picture passes, in evaluation mode; the net is left as it was."""
    found = list[int]()
    layers = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [
        layer.register_forward_hook(lambda m, _, y: found.append(_multiply_adds(m, y))) for layer in layers
    ]
    training = net.training
    with torch.no_grad():
        net.eval()(torch.zeros(1, 3, net.size_px, net.size_px))
    net.train(training)
    for hook in hooks:
        hook.remove()
    return Cost(sum(p.numel() for p in net.parameters()), sum(found))


def _multiply_adds(layer: nn.Module, output: Tensor) -> int:
    """Every output number is a dot product with all weights that lead to it."""
    return output[0].numel() * layer.weight[0].numel()


def _head(variant: Variant, channels: int, grid: int) -> nn.Sequential:
    return nn.Sequential(*_head_layers(variant, channels, grid))


def _head_layers(variant: Variant, channels: int, grid: int) -> Iterator[nn.Module]:
    if variant.fc is None:
        if EMBEDDING % grid**2:
            raise ValueError(f"a last grid of {grid} x {grid} does not flatten into {EMBEDDING} numbers")
        yield nn.Conv2d(channels, EMBEDDING // grid**2, 1)
        yield nn.Flatten()
        return
    yield nn.Flatten()
    yield nn.Linear(channels * grid**2, variant.fc)
    if variant.batch_norm:
        yield nn.BatchNorm1d(variant.fc)
    yield nn.ReLU()
    yield nn.Linear(variant.fc, EMBEDDING)


def _halved(side: int) -> int:
    return (side + 1) // 2
