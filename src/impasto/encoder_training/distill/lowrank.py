"""Data-aware low-rank factorisation of a VGG network: ranks within a budget, and weights without any training.

Zhang, Zou, He & Sun, "Accelerating Very Deep Convolutional Networks for Classification and Detection", TPAMI 2016:
a convolution becomes r filters and a 1x1 convolution that reconstruct its responses best. Ranks follow section 3.4,
which maximises the product of the layers' retained energies within a budget. The reconstruction is asymmetric
(section 3.3): each layer is fitted to the responses of the exact network, on the inputs that the compressed network
gives it.

Deviation: the fit is linear, without the ReLU of section 3.2, and it also changes the filters (a reduced-rank
regression of the responses on 3x3 patches); the distillation that follows takes care of the ReLU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.encoders.lowrank import LowRankConv, LowRankVGG, conv_channels
from impasto.encoders.vgg import VGG, Blocks
from impasto.errors import RecipeError
from impasto.training.pictures import OnProgress

POSITIONS = 640
"""Positions of every picture and layer that enter a fit, drawn at random."""
ROWS = 8192
"""Least number of patches in one matrix product."""
RIDGE = 1e-3
"""Weight of the distance to the exact kernel, relative to the patches' mean variance."""
SEED = 5
MULTIPLE = 8
"""Ranks are multiples of it, as processors compute in vectors."""


class LayerChoice(NamedTuple):
    """What one convolution may cost: its spectrum, and multiply-adds a pixel exact and for every rank.

    ``values`` are the eigenvalues of the responses' covariance, in falling order.
    """

    values: Tensor
    exact: float
    per_rank: float


def spectrum(covariance: Tensor) -> Tensor:
    """Return the eigenvalues of a covariance (C,C), in falling order and at least 0."""
    values: Tensor = torch.linalg.eigvalsh(covariance)
    return values.flip(0).clamp_min(0)


def choices(spectra: Mapping[str, Tensor], blocks: Blocks, deepest: str) -> dict[str, LayerChoice]:
    """Return what every convolution may cost; costs are multiply-adds a pixel of the image."""
    costs: dict[str, LayerChoice] = {}
    for layer, (before, after) in conv_channels(blocks, deepest).items():
        positions = 4.0 ** -(int(layer[4]) - 1)
        costs[layer] = LayerChoice(
            spectra[layer], 9 * before * after * positions, (9 * before + after) * positions
        )
    return costs


def allocate_ranks(
    layers: Mapping[str, LayerChoice], budget: float, multiple: int = MULTIPLE
) -> dict[str, int]:
    """Return the rank of every convolution that is split, so that all together cost at most `budget`.

    Greedy: from full rank, drop the `multiple` eigenvalues with the least ``(loss of energy / energy) / (saved cost)``
    until the budget is met (Zhang et al. 2016, section 3.4). conv1_1 and layers whose split would cost more than they
    do stay exact. Raises RecipeError if the lowest ranks cost more.
    """
    ranks = {layer: len(choice.values) for layer, choice in layers.items() if layer != "conv1_1"}

    def cost(layer: str) -> float:
        choice = layers[layer]
        return min(choice.exact, ranks[layer] * choice.per_rank) if layer in ranks else choice.exact

    def price(layer: str) -> float:
        choice, rank = layers[layer], ranks[layer]
        lost = choice.values[rank - multiple : rank].sum() / choice.values[:rank].sum().clamp_min(1e-30)
        return float(lost) / choice.per_rank

    while (total := sum(map(cost, layers))) > budget:
        candidates = [layer for layer, rank in ranks.items() if rank > multiple]
        if not candidates:
            raise RecipeError(
                f"The student needs at least {total:.0f} multiply-adds a pixel, more than the budget of {budget:.0f}; "
                "give a larger share."
            )
        ranks[min(candidates, key=price)] -= multiple
    return {
        layer: rank for layer, rank in ranks.items() if rank * layers[layer].per_rank < layers[layer].exact
    }


@torch.no_grad()
def factorise(
    teacher: VGG,
    ranks: Mapping[str, int],
    batches: Sequence[Tensor],
    *,
    name: str,
    blocks: Blocks,
    deepest: str,
    on_progress: OnProgress | None = None,
) -> LowRankVGG:
    """Return a low-rank network of the given `ranks` that reconstructs the responses of `teacher` to `batches`.

    `batches` are images (B,3,h,w) in [0,1]; the activations of all of them are kept in memory. on_progress(done,
    total) counts the layers. Layers up to the first split one are copies of the teacher's.
    """
    student = LowRankVGG(name, ranks, blocks=blocks, deepest=deepest)
    student.to(next(teacher.parameters()).device)
    draws = torch.Generator().manual_seed(SEED)
    exact = [teacher.prepare_input(images) for images in batches]
    reduced = [student.prepare_input(images) for images in batches]
    order = list(student.layers)
    for done, layer in enumerate(order, start=1):
        if layer.startswith("conv"):
            kernel, target = teacher.convolutions[layer], student.convolutions[layer]
            assert isinstance(kernel, nn.Conv2d)
            if isinstance(target, LowRankConv):
                moments = PatchMoments.measure(kernel, reduced, exact, draws)
                moments.fit(kernel, target)
            else:
                target.load_state_dict(kernel.state_dict())
        for index, (x, approximate) in enumerate(zip(exact, reduced, strict=True)):
            exact[index] = teacher.apply_layer(layer, x, overwrite=True)
            reduced[index] = student.apply_layer(layer, approximate, overwrite=True)
        if on_progress is not None:
            on_progress(done, len(order))
    return student


class PatchMoments(NamedTuple):
    """Moments of 3x3 patches x (D = 9 C_in) of one network and responses y (C_out) of another at the same positions.

    ``patch_mean`` (D), ``response_mean`` (C_out), ``covariance`` (D,D) of x, and ``cross`` (C_out,D) of y with x.
    """

    patch_mean: Tensor
    response_mean: Tensor
    covariance: Tensor
    cross: Tensor

    @classmethod
    def measure(
        cls,
        kernel: nn.Conv2d,
        inputs: Sequence[Tensor],
        exact_inputs: Sequence[Tensor],
        draws: torch.Generator,
        positions: int = POSITIONS,
    ) -> PatchMoments:
        """Return the moments over at most `positions` random positions of each picture.

        Patches are taken from `inputs`, responses are those of `kernel` to `exact_inputs`, both lists of (B,C,h,w).
        """
        count = 0
        first: Tensor = torch.zeros(())
        second: Tensor = torch.zeros(())
        waiting: list[Tensor] = []
        for index, (x, exact) in enumerate(zip(inputs, exact_inputs, strict=True), start=1):
            chosen = torch.randperm(x.shape[2] * x.shape[3], generator=draws)[:positions].to(x.device)
            response = kernel(exact).float().flatten(2)[:, :, chosen]
            parts = torch.cat([patches_at(x.float(), chosen), response], 1)
            waiting.append(parts.transpose(1, 2).flatten(0, 1))
            # One product of many rows is faster than many, each added to a large matrix in float64.
            if index == len(inputs) or sum(map(len, waiting)) >= ROWS:
                rows = torch.cat(waiting)
                waiting.clear()
                first = first + rows.sum(0).double()
                second = second + (rows.T @ rows).double()
                count += len(rows)
        mean = first / count
        covariance = second / count - torch.outer(mean, mean)
        size = kernel.weight[0].numel()
        return cls(mean[:size], mean[size:], covariance[:size, :size], covariance[size:, :size])

    def fit(self, kernel: nn.Conv2d, target: LowRankConv) -> None:
        """Set `target` to the reduced-rank regression of the responses on the patches, near `kernel` where it is free.

        ``B = W + (C_yx - W C_xx) (C_xx + ridge I)^-1`` is the regression of full rank; its projection on the r leading
        eigenvectors U of ``B C_xx B^T`` gives filters ``U^T B`` and mixer ``U``.
        """
        weight = kernel.weight.double().flatten(1)
        ridge = RIDGE * self.covariance.diagonal().mean() + 1e-12
        inner = self.covariance + ridge * torch.eye(
            len(self.covariance), dtype=weight.dtype, device=weight.device
        )
        residual = self.cross - weight @ self.covariance
        full = weight + torch.cholesky_solve(residual.T, torch.linalg.cholesky(inner)).T
        _, vectors = torch.linalg.eigh(full @ self.covariance @ full.T)
        mixer = vectors.flip(1)[:, : target.filters.out_channels]  # (C_out, r)
        filters = mixer.T @ full  # (r, D)
        bias = self.response_mean - mixer @ (filters @ self.patch_mean)
        # Filters and mixer of equal norms get equal shares of each training step.
        balance = filters.norm(dim=1).clamp_min(1e-12).sqrt()
        target.filters.weight.copy_((filters / balance[:, None]).view_as(target.filters.weight))
        target.mixer.weight.copy_((mixer * balance).view_as(target.mixer.weight))
        assert target.mixer.bias is not None
        target.mixer.bias.copy_(bias)


def patches_at(x: Tensor, positions: Tensor) -> Tensor:
    """Return the 3x3 patches (B,9C,n) around `positions` (n) of `x` (B,C,h,w), zeros outside, in the order of a kernel.

    A position is ``row * w + column``. Equal to these columns of `torch.nn.functional.unfold`, without the others.
    """
    width = x.shape[3] + 2
    corner = positions // x.shape[3] * width + positions % x.shape[3]
    offsets = torch.tensor([row * width + column for row in range(3) for column in range(3)], device=x.device)
    around = F.pad(x, (1, 1, 1, 1)).flatten(2)[:, :, offsets[:, None] + corner]  # (B,C,9,n)
    return around.flatten(1, 2)
