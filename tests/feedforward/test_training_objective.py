"""The objective of one-pass networks written out for an encoder of averages, its parts alone, its gradient."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.feedforward.modules.style_predictor import LAYERS
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.objective import (
    CONTENT_SHARES,
    CONTENT_WEIGHTS,
    FLOOR,
    OUT_OF_RANGE_WEIGHT,
    content_targets,
    objective,
    spread_distance,
)
from impasto.feedforward.stability import GRAINS, STRENGTH, StabilityLoss, add_noise
from impasto.feedforward.style_data import MomentTargets
from impasto.losses import Moments, moments
from impasto.training.distributed import DataParallel

NAMES = (*dict.fromkeys((*LAYERS, *CONTENT_WEIGHTS)),)
MIXING = {
    name: torch.randn(5, 3, generator=torch.Generator().manual_seed(20 + k)) for k, name in enumerate(NAMES)
}


def encoder(image: Tensor, layers) -> dict[str, Tensor]:
    """Return for each layer five linear combinations of the colours, averaged over 2 x 2 pixels from relu3_1 on."""
    found = {}
    for name in layers:
        x = torch.einsum("oc,bchw->bohw", MIXING[name].to(image), image)
        found[name] = F.avg_pool2d(x, 2) if name >= "relu3" else x
    return found


def picture(seed: int, batch: int = 2, side: int = 8) -> Tensor:
    return torch.rand(
        batch, 3, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def targets(style: Tensor) -> MomentTargets:
    measured = {layer: moments(x) for layer, x in encoder(style, LAYERS).items()}
    pairs = {layer: torch.linalg.eigh(m.covariance) for layer, m in measured.items()}
    return MomentTargets(
        measured,
        {layer: values.clamp_min(0) for layer, (values, _) in pairs.items()},
        {layer: vectors for layer, (_, vectors) in pairs.items()},
    )


def total(painted: Tensor, photographs: Tensor, style: Tensor, weight=(0.5, 2.0), spread=0.7):
    weights = torch.tensor(weight, dtype=torch.float64)[: len(painted)]
    return objective(encoder, painted, content_targets(encoder, photographs), targets(style), weights, spread)


def parts_by_hand(painted: Tensor, photographs: Tensor, style: Tensor) -> SimpleNamespace:
    """Return sum log(1 + d), sum d, sum s and c `(B,)` of each picture, and outside, from the docstring alone."""
    rows = {"log": [], "style": [], "spread": [], "content": [], "distance": []}
    for index in range(len(painted)):
        log = whole = spread = content = 0.0
        mine, wanted = (encoder(x[index : index + 1].clamp(0, 1), NAMES) for x in (painted, style))
        photo = encoder(photographs[index : index + 1], NAMES)
        errors = {}
        for layer in LAYERS:
            a, b = mine[layer][0].flatten(1), wanted[layer][0].flatten(1)
            mean_a, mean_b = a.mean(1), b.mean(1)
            cov_a, cov_b = torch.cov(a, correction=0), torch.cov(b, correction=0)
            d = (mean_a - mean_b).square().sum() / b.square().sum(0).mean()
            d = d + (cov_a - cov_b).square().sum() / cov_b.square().sum()
            log, whole = log + torch.log(1 + d), whole + d
            values, vectors = torch.linalg.eigh(cov_b)
            along = torch.stack([v @ cov_a @ v for v in vectors.T])
            floor = FLOOR * values.sum() / 5 + 1e-8
            roots = (along + floor).clamp_min(0).sqrt() - (values.clamp_min(0) + floor).sqrt()
            spread = spread + roots.square().sum() / values.sum()
        for layer, share in CONTENT_SHARES.items():
            p = photo[layer][0]
            variance = (p - p.mean((1, 2), keepdim=True)).square().mean()
            errors[layer] = (mine[layer][0] - p).square().mean() / variance
            content = content + share * errors[layer]
        distance = (errors["relu4_1"] + errors["relu4_2"]) / 2
        for name, value in zip(rows, (log, whole, spread, content, distance), strict=True):
            rows[name].append(value)
    outside = (painted - painted.clamp(0, 1)).square().mean()
    return SimpleNamespace(outside=outside, **{name: torch.stack(values) for name, values in rows.items()})


@pytest.mark.parametrize("stretch", [1.0, 1.6])
def test_the_objective_is_the_docstrings_equation(stretch: float) -> None:
    painted, photographs, style = (picture(1) - 0.5) * stretch + 0.5, picture(2), picture(3) ** 2
    found, wanted = total(painted, photographs, style), parts_by_hand(painted, photographs, style)
    weight = torch.tensor([0.5, 2.0], dtype=torch.float64)
    loss = (wanted.log + 0.7 * wanted.spread + weight * wanted.content).mean() + 10 * wanted.outside
    torch.testing.assert_close(found.loss, loss, rtol=1e-5, atol=1e-7)
    for name in ("style", "spread", "content"):
        assert found.figures[name] == pytest.approx(float(getattr(wanted, name).mean()), rel=1e-4), name
    assert found.figures["outside"] == pytest.approx(float(wanted.outside))
    torch.testing.assert_close(found.content_distance.double(), wanted.distance, rtol=1e-4, atol=1e-6)


def test_its_gradient_is_the_difference_quotient() -> None:
    painted = ((picture(4, 1, 4) - 0.5) * 1.3 + 0.5).requires_grad_()
    arguments = (picture(5, 1, 4), picture(6, 1, 4))
    assert torch.autograd.gradcheck(lambda x: total(x, *arguments).loss, [painted], eps=1e-6, atol=1e-4)


def test_a_picture_that_is_its_photograph_and_its_style_has_no_loss() -> None:
    same = picture(7)
    found = total(same, same, same)
    assert float(found.loss) == pytest.approx(0, abs=1e-6)
    assert found.content_distance.tolist() == [0, 0]


def test_a_flat_picture_of_the_mean_features_has_the_distance_1() -> None:
    photographs = picture(8)
    found = total(photographs.mean((2, 3), keepdim=True).expand(2, 3, 8, 8), photographs, picture(9))
    torch.testing.assert_close(found.content_distance.float(), torch.ones(2), rtol=1e-5, atol=0)
    assert found.figures["content"] == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("name", ["content", "spread"])
def test_the_loss_is_linear_in_the_weights(name: str) -> None:
    arguments = (picture(1), picture(2), picture(3))
    options = {
        "content": lambda w: {"weight": (w, w), "spread": 0.0},
        "spread": lambda w: {"weight": (0.0, 0.0), "spread": w},
    }[name]
    losses = [total(*arguments, **options(w)) for w in (0.0, 1.0, 5.0)]
    assert float(losses[1].loss - losses[0].loss) == pytest.approx(losses[0].figures[name], rel=1e-4)
    assert float(losses[2].loss - losses[0].loss) == pytest.approx(5 * losses[0].figures[name], rel=1e-4)


def test_colours_out_of_range_are_pulled_back_by_nothing_else() -> None:
    painted = picture(1)
    painted[0, 0, 0, 0], painted[1, 2, 3, 4] = 1.3, -0.2
    painted.requires_grad_()
    (gradient,) = torch.autograd.grad(total(painted, picture(2), picture(3)).loss, [painted])
    step = 2 * OUT_OF_RANGE_WEIGHT / painted.numel()
    assert float(gradient[0, 0, 0, 0]) == pytest.approx(0.3 * step)
    assert float(gradient[1, 2, 3, 4]) == pytest.approx(-0.2 * step)


def diagonal(values) -> Moments:
    return Moments(torch.zeros(1, len(values)), torch.tensor([values]).diag_embed())


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("measured", "wanted"), [((4.0, 1.0, 0.25), (1.0, 1.0, 1.0)), ((0.0, 2.0, 9.0), (3.0, 0.0, 1.0))]
)
def test_the_spread_distance_of_diagonal_covariances_is_that_of_deviations(measured, wanted, turned) -> None:
    """With a floor of 1e-4 of the mean eigenvalue under each root, in whichever common basis."""
    basis = torch.eye(3)
    if turned:
        basis, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))
    given = Moments(torch.zeros(1, 3), basis @ diagonal(measured).second @ basis.T)
    found = spread_distance(given, torch.tensor([wanted]), basis[None])
    floor = 1e-4 * sum(wanted) / 3
    roots = [(a + floor) ** 0.5 - (b + floor) ** 0.5 for a, b in zip(measured, wanted, strict=True)]
    assert float(found) == pytest.approx(sum(root**2 for root in roots) / sum(wanted), rel=1e-3)


def test_the_spread_distance_is_a_lower_bound_of_the_wasserstein_distance() -> None:
    rng = torch.Generator().manual_seed(2)
    for _ in range(10):
        a, b = (torch.cov(torch.randn(4, 30, generator=rng, dtype=torch.float64)) for _ in range(2))
        values, vectors = torch.linalg.eigh(b)
        root = (vectors * values.sqrt()) @ vectors.T
        bures = a.trace() + b.trace() - 2 * torch.linalg.eigvalsh(root @ a @ root).sqrt().sum()
        found = spread_distance(Moments(torch.zeros(1, 4).double(), a[None]), values[None], vectors[None])
        assert 0 < float(found) <= float(bures / b.trace()) * 1.001


def test_a_picture_without_any_spread_is_pushed_outwards_by_a_finite_gradient() -> None:
    values = torch.tensor([[1.0, 4.0]])
    second = torch.zeros(1, 2, 2, requires_grad=True)
    distance = spread_distance(Moments(torch.zeros(1, 2), second), values, torch.eye(2)[None])
    (gradient,) = torch.autograd.grad(distance.sum(), [second])
    floor = 1e-4 * 2.5
    wanted = (1 - ((values + floor) / floor).sqrt()) / 5
    torch.testing.assert_close(gradient.diagonal(dim1=1, dim2=2), wanted, rtol=1e-3, atol=0)
    assert float(wanted.max()) < -10


def test_noise_is_the_same_for_the_same_states_and_stays_in_range() -> None:
    photographs = picture(1, side=24).float()
    photographs[:, :, :12] = 1.0
    noisy = [add_noise(photographs, random.Random(s), torch.Generator().manual_seed(7)) for s in (3, 3)]
    assert torch.equal(*noisy)
    assert float(noisy[0].min()) >= 0
    assert float(noisy[0].max()) == 1
    assert 0 < float((noisy[0] - photographs).abs().max()) < 6 * STRENGTH


@pytest.mark.parametrize("grain", GRAINS)
def test_noise_of_a_grain_is_correlated_within_the_grain_only(grain: int) -> None:
    """A mean over g x g pixels of white noise correlates by 1 - k/g at the distance k."""
    chosen = SimpleNamespace(choice=lambda _: grain)
    grey = torch.full((1, 3, 256, 256), 0.5)
    change = (add_noise(grey, chosen, torch.Generator().manual_seed(1)) - grey) / STRENGTH
    for distance in (1, 2, 3):
        found = float((change[..., distance:] * change[..., :-distance]).mean())
        assert found == pytest.approx(max(0.0, 1 - distance / grain), abs=0.03)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_mean_stability_loss_of_all_processes_is_that_of_one(size: int) -> None:
    batch, photographs = 4, picture(3, batch=4).float()
    params = StyleParams((torch.arange(4.0)[:, None].expand(4, 3),), (torch.zeros(4, 3),))

    def network(image: Tensor, given: StyleParams) -> Tensor:
        return image * given.matrices[0][:, :, None, None]

    painted = network(photographs, params)
    rngs = [(random.Random(5), torch.Generator().manual_seed(6)) for _ in range(size + 1)]
    single = StabilityLoss(*rngs[size], DataParallel())
    processes = [StabilityLoss(*rngs[rank], DataParallel(rank, size)) for rank in range(size)]
    for _ in range(6):
        wanted = float(single(network, photographs, painted, params, batch, slice(0, batch)))
        losses = []
        for process in processes:
            rows = process.parallel.rows(batch)
            mine = StyleParams((params.matrices[0][rows],), (params.shifts[0][rows],))
            losses.append(float(process(network, photographs[rows], painted[rows], mine, batch, rows)))
        assert sum(losses) / size == pytest.approx(wanted)
        assert sum(loss > 0 for loss in losses) == (wanted > 0)
    assert len({rng.getstate() for rng, _ in rngs}) == 1
    assert len({tuple(noise.get_state().tolist()) for _, noise in rngs}) == 1
