import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.feedforward.modules.modulation import apply_matrix
from impasto.feedforward.modules.output_filter import (
    BLUR,
    COLOUR_BLUR,
    TRAINING_BLUR,
    checkerboard_kernel,
    filter_output,
)
from impasto.feedforward.modules.transform import (
    StyleParams,
    TransformNet,
    initialise,
    modulated_layers,
    replicate_pad,
)
from impasto.imaging import luma


def plain(network: TransformNet, batch: int = 1) -> StyleParams:
    return StyleParams(
        tuple(torch.eye(layer.channels).repeat(batch, 1, 1) for layer in network.modulated_layers),
        tuple(torch.zeros(batch, layer.channels) for layer in network.modulated_layers),
    )


def test_pictures_keep_their_size_and_the_style_parameters_matter():
    torch.manual_seed(0)
    network = TransformNet()
    initialise(network)
    image = torch.rand(1, 3, 48, 64)
    style_params = plain(network)
    painted = network(image, style_params)
    assert painted.shape == image.shape
    other = StyleParams(tuple(matrix * 1.5 for matrix in style_params.matrices), style_params.shifts)
    assert not torch.allclose(network(image, other), painted, atol=1e-3)


def test_each_picture_of_a_batch_has_its_own_style_parameters():
    torch.manual_seed(0)
    network = TransformNet()
    initialise(network)
    images = torch.rand(2, 3, 32, 32)
    style_params = plain(network, 2)
    style_params = StyleParams(
        tuple(m * torch.tensor([1.0, 2.0])[:, None, None] for m in style_params.matrices), style_params.shifts
    )
    both = network(images, style_params)
    for row in range(2):
        alone = StyleParams(*(tuple(x[row : row + 1] for x in part) for part in style_params))
        assert torch.allclose(network(images[row : row + 1], alone), both[row : row + 1], atol=1e-4)


def test_a_diagonal_matrix_is_a_full_one():
    x, gains, shift = torch.randn(2, 5, 4, 3), torch.randn(2, 5), torch.randn(2, 5)
    assert torch.allclose(
        apply_matrix(x, gains, shift), apply_matrix(x, torch.diag_embed(gains), shift), atol=1e-5
    )


def test_multiply_adds_are_counted_as_they_are():
    network = TransformNet((4, 4, 4), (1, 1, 1))
    count = 0

    def add(module, given, result):
        nonlocal count
        count += module.weight.numel() * result.shape[2] * result.shape[3]

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(add)
    network(torch.rand(1, 3, 32, 64), plain(network))
    assert network.macs(32, 64) == count
    assert len(modulated_layers()) == len(TransformNet().blocks) + 1


def test_a_lattice_goes_and_a_slope_stays():
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(80.0), indexing="ij")
    slope = (0.3 + 0.004 * x + 0.002 * y).repeat(1, 3, 1, 1)

    def evened(image):
        return F.pixel_shuffle(filter_output(F.pixel_unshuffle(image, 2)), 2)

    assert torch.allclose(evened(slope)[..., 8:-8, 8:-8], slope[..., 8:-8, 8:-8], atol=1e-5)
    for checkerboard in ((-1) ** (x + y), (-1) ** x, (-1) ** y):
        assert torch.allclose(evened(slope + 0.05 * checkerboard), evened(slope), atol=1e-5)
    edge = (x > 40.5).float().repeat(1, 3, 1, 1)
    assert (evened(edge) - edge).abs().mean() < 0.02


def test_the_last_filter_is_a_blur_of_the_picture_without_its_lattice():
    image = torch.rand(2, 3, 40, 52, generator=torch.Generator().manual_seed(4))
    phases = F.pixel_unshuffle(image, 2)
    rest = F.conv2d(phases, checkerboard_kernel().repeat(3, 1, 1, 1), padding=3, groups=3)
    even = F.pixel_shuffle(phases - rest, 2)

    def blurred(image: Tensor, amount: float) -> Tensor:
        weights = torch.tensor([amount, 1 - 2 * amount, amount])
        return F.conv2d(image, torch.outer(weights, weights).repeat(3, 1, 1, 1), padding=1, groups=3)

    grey = luma(even).expand_as(even)
    for training, amount in ((False, BLUR), (True, TRAINING_BLUR)):
        wanted = blurred(grey, amount) + blurred(even - grey, COLOUR_BLUR)
        found = F.pixel_shuffle(filter_output(phases, training), 2)
        assert torch.allclose(found[..., 8:-8, 8:-8], wanted[..., 8:-8, 8:-8], atol=1e-6)


@pytest.mark.parametrize("size", [(7, 9), (1, 1), (2, 30)])
def test_edges_are_repeated_alike_with_and_without_gradients(size) -> None:
    features = torch.rand(2, 5, *size).contiguous(memory_format=torch.channels_last)
    wanted = F.pad(features, (1, 1, 1, 1), mode="replicate")
    assert torch.equal(replicate_pad(features), wanted)
    with torch.inference_mode():
        assert torch.equal(replicate_pad(features), wanted)
        assert torch.equal(replicate_pad(features.contiguous()), wanted)
