"""Several processes that train as one: each embeds its share of a batch, all see the loss of the whole batch.

    torchrun --standalone --nproc-per-node 2 -m ml.train …

A triplet loss compares pictures of the whole batch, so averaging the losses of the shares would be another loss.
Here embeddings are gathered (and batch norm takes its statistics over all shares), every process computes the
same loss, and the mean of the processes' gradients is the gradient of that loss.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn


@dataclass(frozen=True, slots=True)
class Workers:
    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """The one that writes files and speaks."""
        return self.rank == 0

    def share(self, batch: NDArray[np.int64]) -> NDArray[np.int64]:
        """This process' part, contiguous; the parts in order of rank are the batch."""
        return np.array_split(batch, self.count)[self.rank]

    def gather(self, x: Tensor) -> Tensor:
        """(n, …) of every process, in order of rank → (N, …), gradients included."""
        return x if self.count == 1 else _Gather.apply(x, self)

    def average_gradients(self, net: nn.Module) -> None:
        if self.count > 1:
            for parameter in net.parameters():
                if parameter.grad is not None:
                    distributed.all_reduce(parameter.grad)
                    parameter.grad /= self.count

    def share_batch_norm(self, net: nn.Module) -> None:
        """Every BatchNorm1d inside `net` then sees the whole batch (torch's own SyncBatchNorm needs a GPU)."""
        if self.count == 1:
            return
        for module in net.modules():
            if type(module) is nn.BatchNorm1d:
                _SharedBatchNorm.around(module, self)


@contextmanager
def workers(device: str) -> Iterator[Workers]:
    """The processes that torchrun started, or this one alone."""
    if not distributed.is_torchelastic_launched():
        yield Workers()
        return
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield Workers(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, group: Workers) -> Tensor:
        sizes = [torch.zeros(1, dtype=torch.int64, device=x.device) for _ in range(group.count)]
        distributed.all_gather(sizes, torch.tensor([len(x)], device=x.device))
        counts = [int(size) for size in sizes]
        padded = x.new_zeros(max(counts), *x.shape[1:])
        padded[: len(x)] = x
        parts = [torch.empty_like(padded) for _ in counts]
        distributed.all_gather(parts, padded)
        ctx.mine = slice(sum(counts[: group.rank]), sum(counts[: group.rank + 1]))
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        gradient = gradient.contiguous().clone()
        distributed.all_reduce(gradient)
        return gradient[ctx.mine], None


class _SharedBatchNorm(nn.BatchNorm1d):
    group: Workers

    @classmethod
    def around(cls, norm: nn.BatchNorm1d, group: Workers) -> None:
        norm.__class__ = cls  # keeps parameters, running statistics and names of the state
        norm.group = group

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        parts = super().forward(self.group.gather(x))
        start = int(sum(self._counts(len(x))[: self.group.rank]))
        return parts[start : start + len(x)]

    def _counts(self, own: int) -> list[int]:
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(self.group.count)]
        distributed.all_gather(sizes, torch.tensor([own]))
        return [int(size) for size in sizes]
