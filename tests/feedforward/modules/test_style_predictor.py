import random

import torch

from impasto.encoders import open_encoder
from impasto.encoders.compact import COMPONENTS
from impasto.feedforward.modules.style_predictor import LAYERS, StylePredictor, root
from impasto.feedforward.modules.transform import modulated_layers
from impasto.feedforward.style_data import measure_style, measure_styles, quick_moments
from impasto.losses import moments


def covariance(seed: int = 0, size: int = 6) -> torch.Tensor:
    x = torch.randn(2, size, 40, generator=torch.Generator().manual_seed(seed))
    return x @ x.mT / 40


def test_a_root_is_symmetric_and_its_square_is_the_covariance():
    found = root(covariance())
    assert torch.allclose(found, found.mT, atol=1e-5)
    assert torch.allclose(found @ found, covariance(), atol=1e-5)


def test_selected_rows_are_the_statistics_of_the_style_image():
    encoder = open_encoder("compact")
    painting = (torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(1)) * 255).byte()
    rows = measure_styles(encoder, [painting], 2, 0)
    assert len(rows) == 2
    statistics, targets = rows.select([0])
    own, found = measure_style(encoder, _at_512(painting))
    for layer in LAYERS:
        assert torch.allclose(statistics.means[layer], own.means[layer], atol=1e-4)
        # Eigenvectors are kept in half precision.
        scale = float(own.roots[layer].abs().max())
        assert torch.allclose(statistics.roots[layer], own.roots[layer], atol=3e-3 * scale + 1e-4)
        wanted = found[layer].covariance
        assert torch.allclose(
            targets.moments[layer].covariance, wanted, atol=4e-3 * float(wanted.abs().max())
        )


def test_quick_moments_of_bfloat16_are_the_moments():
    draw = torch.Generator().manual_seed(2)
    features = (torch.randn(2, 8, 45, 61, generator=draw) + 1).bfloat16()
    for laid_out in (features, features.contiguous(memory_format=torch.channels_last)):
        found, wanted = quick_moments(laid_out), moments(features.float())
        assert torch.allclose(found.mean, wanted.mean, atol=1e-4)
        assert torch.allclose(found.second, wanted.second, rtol=3e-3, atol=3e-3)
        assert found.second.dtype == torch.float32
    assert torch.equal(quick_moments(features.float()).second, wanted.second)


def _at_512(painting: torch.Tensor) -> torch.Tensor:
    from impasto.feedforward.style_data import variants

    return next(iter(variants(painting, 1, random.Random(0))))


def test_without_strength_the_style_shapes_no_matrix():
    style_predictor = StylePredictor(modulated_layers())
    encoder = open_encoder("compact")
    styles = [measure_style(encoder, torch.rand(1, 3, 40, 40) * light)[0] for light in (1.0, 0.3)]
    last = style_predictor.perceptron[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    for style in styles:
        style_params = style_predictor(style, torch.zeros(1))
        for matrix, shift in zip(*style_params, strict=True):
            assert torch.equal(matrix[0], torch.eye(matrix.shape[1]))
            assert not shift.any()
    full = [style_predictor(style, torch.ones(1)) for style in styles]
    assert not torch.allclose(full[0].matrices[0], full[1].matrices[0])
    k = COMPONENTS["relu4_1"]
    wanted = style_predictor.output_projections[0] @ (
        styles[0].roots["relu4_1"][0] * k**0.5
    ) @ style_predictor.input_projections[0] + torch.eye(96)
    assert torch.allclose(full[0].matrices[0][0], wanted, atol=1e-4)


def test_the_bank_is_added_by_what_the_perceptron_says():
    style_predictor = StylePredictor(modulated_layers())
    style = measure_style(open_encoder("compact"), torch.rand(1, 3, 40, 40))[0]
    before = style_predictor(style, torch.ones(1))
    with torch.no_grad():
        style_predictor.bank_weights.bias.view(len(style_predictor.modulated_layers), -1)[2, 5] = 0.5
    after = style_predictor(style, torch.ones(1))
    for index, (old, new) in enumerate(zip(before.matrices, after.matrices, strict=True)):
        wanted = old + 0.5 * style_predictor.bank[2][5] if index == 2 else old
        assert torch.allclose(new, wanted, atol=1e-5)


def test_the_spread_along_a_direction_is_the_deviation_of_the_projected_features():
    encoder, style_predictor = (
        open_encoder("compact"),
        StylePredictor(modulated_layers(), hidden=8, directions=3),
    )
    picture = torch.rand(1, 3, 40, 40)
    style = measure_style(encoder, picture)[0]
    seen = []
    style_predictor.spread_projection.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    style_predictor(style, torch.ones(1))
    features = encoder(picture, LAYERS)
    for index, layer in enumerate(LAYERS):
        rows = features[layer].flatten(2)[0].mT @ style_predictor.directions[index]
        wanted = rows.std(0, correction=0).log()
        assert torch.allclose(seen[0][0, 3 * index : 3 * index + 3], wanted, atol=1e-3), layer


def test_the_spread_distance_is_zero_for_the_style_itself_and_one_for_no_spread():
    from impasto.feedforward.objective import spread_distance
    from impasto.losses import Moments

    features = torch.randn(1, 6, 9, 9)
    own = moments(features)
    values, vectors = torch.linalg.eigh(own.covariance)
    assert float(spread_distance(own, values, vectors)) < 1e-5
    nothing = Moments(torch.zeros(1, 6), torch.zeros(1, 6, 6))
    assert 0.9 < float(spread_distance(nothing, values, vectors)) <= 1.0
    double = Moments(own.mean * 2, own.second * 4)
    assert abs(float(spread_distance(double, values, vectors)) - 1.0) < 1e-2
