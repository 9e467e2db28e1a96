"""One contract for every registered encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from impasto.encoders.base import Encoder, prepare
from impasto.encoders.catalogue import CATALOGUE
from impasto.encoders.registry import ENCODERS, open_encoder
from impasto.encoders.shipped import SHIPPED, shipped_weights
from impasto.errors import RecipeError

NAMES = [name for name in ENCODERS if name not in SHIPPED or shipped_weights(name).exists()]


@pytest.fixture(scope="module", params=NAMES)
def encoder(request: pytest.FixtureRequest, weights_file: Callable[[str], Path]) -> Encoder:
    name = request.param
    return open_encoder(name, weights=weights_file(CATALOGUE[name].encoder) if name in CATALOGUE else None)


def test_name_is_the_registered_one_and_the_state_frozen_float32_eval(encoder: Encoder) -> None:
    assert encoder.name in ENCODERS
    assert not encoder.training
    assert encoder.dtype == torch.float32
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in encoder.parameters())


def test_layer_table_is_what_comes_out(encoder: Encoder, image: Tensor) -> None:
    found = encoder(image, encoder.layers)
    assert list(found) == list(encoder.layers)
    for layer, (channels, stride) in encoder.layers.items():
        ceil = (-(-32 // stride), -(-48 // stride))
        assert found[layer].shape[:2] == (1, channels), layer
        assert tuple(found[layer].shape[2:]) in {(32 // stride, 48 // stride), ceil}, layer
        assert bool(torch.isfinite(found[layer]).all()), layer


def test_a_shallow_request_gives_the_values_of_a_deep_one(encoder: Encoder, image: Tensor) -> None:
    together = encoder(image, encoder.layers)
    some = list(encoder.layers)[:: max(1, len(encoder.layers) // 6)]
    for layer in some:
        alone = encoder(image, [layer])
        assert list(alone) == [layer]
        torch.testing.assert_close(alone[layer], together[layer], rtol=1e-5, atol=1e-5)


def test_a_shallow_request_costs_less(encoder: Encoder) -> None:
    macs = [encoder.macs(48, 64, [layer]) for layer in encoder.layers]
    floats = [encoder.activation_floats(48, 64, [layer]) for layer in encoder.layers]
    assert macs[0] > 0
    assert floats[0] > 0
    assert macs[-1] == max(macs) > macs[0]
    assert floats[-1] > floats[0]
    assert encoder.macs(128, 128, encoder.layers) == 4 * encoder.macs(64, 64, encoder.layers)


def test_the_gradient_reaches_the_image_and_leaves_it_alone(encoder: Encoder, image: Tensor) -> None:
    image = image.requires_grad_(True)
    before = image.detach().clone()
    deepest = list(encoder.layers)[-1]
    features = encoder(image, encoder.layers)
    sum(f.square().mean() for f in features.values()).backward()
    assert image.grad is not None
    assert bool(torch.isfinite(image.grad).all())
    assert float(image.grad.abs().sum()) > 0
    assert torch.equal(image.detach(), before)
    image.grad = None
    encoder(image, [deepest])[deepest].sum().backward()
    assert float(image.grad.abs().sum()) > 0


def test_an_unknown_layer_lists_the_allowed_ones(encoder: Encoder, image: Tensor) -> None:
    first = next(iter(encoder.layers))
    for call in (
        lambda: encoder(image, ["relu9_9"]),
        lambda: encoder.macs(48, 64, ["relu9_9"]),
        lambda: encoder.activation_floats(48, 64, ["relu9_9"]),
        lambda: encoder.minimum_side(["relu9_9"]),
    ):
        with pytest.raises(RecipeError, match=rf"Unknown layer 'relu9_9'.*{first}"):
            call()


def test_the_smallest_picture_works_and_a_smaller_one_is_refused(encoder: Encoder) -> None:
    deepest = max(encoder.layers, key=lambda layer: encoder.layers[layer].stride)
    side = encoder.minimum_side([deepest])
    assert encoder(torch.full((1, 3, side, side), 0.5), [deepest])[deepest].numel() > 0
    with pytest.raises(RecipeError, match="too small"):
        encoder(torch.full((1, 3, side - 1, side), 0.5), [deepest])


@pytest.mark.parametrize(
    "bad", [torch.zeros(3, 48, 64), torch.zeros(1, 4, 48, 64), torch.zeros(1, 3, 48, 64, dtype=torch.uint8)]
)
def test_anything_but_float_rgb_batches_is_refused(encoder: Encoder, bad: Tensor) -> None:
    with pytest.raises(RecipeError, match="needs"):
        encoder(bad, [next(iter(encoder.layers))])


# Last in the file: it changes the module's encoder.
def test_bfloat16_is_close_to_float32(encoder: Encoder, image: Tensor) -> None:
    exact = encoder(image, encoder.layers)
    prepare(encoder, torch.device("cpu"), "bfloat16")
    assert encoder.dtype == torch.bfloat16
    assert encoder.mean.dtype == encoder.std.dtype == torch.float32
    rough = encoder(image, encoder.layers)
    for layer, features in rough.items():
        assert features.dtype == torch.bfloat16
        error = (features.float() - exact[layer]).norm() / exact[layer].norm()
        assert 0 < float(error) < 0.05, layer
