"""The paper's classifier: |difference| of two PCA-reduced embeddings → probability that both show one person.

Version 1 has three hidden layers of 128 nodes by the paper's list and two by a later sentence of it: both are
here. Version 2, trained after batch-hard mining, has one of 64 nodes.
"""

from enum import StrEnum
from itertools import pairwise

import torch
from torch import Tensor, nn

THRESHOLD = 0.5  # a probability of at least this says "one person" (the paper's equation 1)


class Version(StrEnum):
    ONE = "1"
    ONE_SHORT = "1b"
    TWO = "2"


HIDDEN = {Version.ONE: (128, 128, 128), Version.ONE_SHORT: (128, 128), Version.TWO: (64,)}


class SimilarityMLP(nn.Module):
    """(N, d) |difference| → (N,) logit; the probability is its sigmoid.

    `scale` (d,) divides the input: principal components differ in size by orders of magnitude. It is set from
    training pairs, is not trained, and folds into the first layer (`folded`)."""

    def __init__(self, inputs: int, version: Version) -> None:
        super().__init__()
        widths = (inputs, *HIDDEN[version], 1)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.register_buffer("scale", torch.ones(inputs))

    def forward(self, difference: Tensor) -> Tensor:
        x = difference / self.scale
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)[:, 0]

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """(weight (out, in), bias (out,)) of every layer, for inputs that nobody has divided."""
        pairs = [(layer.weight.detach().clone(), layer.bias.detach().clone()) for layer in self.layers]
        first, bias = pairs[0]
        return [(first / self.scale, bias), *pairs[1:]]


class CorrectedScore(nn.Module):
    """probe (N, d), template (N, d), score (N,) → (N,) logit = scale · score + shift + MLP(|P (probe - template)|).

    P (k, d): principal components, rows; their mean cancels. The MLP's last layer starts at zero, so that untrained
    the order of all comparisons is the score's."""

    def __init__(self, components: Tensor, version: Version) -> None:
        super().__init__()
        self.register_buffer("components", components)
        self.mlp = SimilarityMLP(len(components), version)
        self.scale = nn.Parameter(torch.ones(()))
        self.shift = nn.Parameter(torch.zeros(()))
        nn.init.zeros_(self.mlp.layers[-1].weight)
        nn.init.zeros_(self.mlp.layers[-1].bias)

    def features(self, probe: Tensor, template: Tensor) -> Tensor:
        return ((probe - template) @ self.components.T).abs()  # (N, k)

    def forward(self, probe: Tensor, template: Tensor, score: Tensor) -> Tensor:
        return self.logit(self.features(probe, template), score)

    def logit(self, features: Tensor, score: Tensor) -> Tensor:
        return self.scale * score + self.shift + self.mlp(features)
