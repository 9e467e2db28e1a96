"""The classes of ImageNet, and the crop against Pillow's resizing."""

from __future__ import annotations

import numpy
import pytest
import torch
from PIL import Image

from impasto.encoders import imagenet_classes, imagenet_crop


def test_there_are_a_thousand_classes_in_the_order_of_fc8() -> None:
    classes = imagenet_classes()
    assert len(classes) == len(set(classes)) == 1000
    known = {
        0: "tench",
        134: "crane bird",
        207: "golden retriever",
        281: "tabby",
        517: "crane",
        999: "toilet tissue",
    }
    assert {index: classes[index] for index in known} == known
    assert all(name == name.strip() and name for name in classes)


@pytest.mark.parametrize(
    ("width", "height"), [(451, 300), (300, 451), (700, 520), (100, 60), (256, 256), (900, 300)]
)
def test_the_crop_is_that_of_the_published_transform(width: int, height: int) -> None:
    rng = numpy.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype="uint8"))
    picture = small.resize((width, height), Image.Resampling.BICUBIC)
    shorter = min(width, height)
    size = (int(256 * width / shorter), int(256 * height / shorter))
    resized = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    expected = numpy.asarray(resized.crop((left, top, left + 224, top + 224)), dtype="float32") / 255
    pixels = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)[None].float() / 255
    found = imagenet_crop(pixels)[0].permute(1, 2, 0).numpy()
    assert found.shape == (224, 224, 3)
    assert numpy.abs(found - expected).max() < 1.5 / 255  # Pillow rounds to bytes


def test_a_strip_is_cut_before_it_is_enlarged() -> None:
    strip = torch.linspace(0, 1, 100_001).expand(1, 3, 1, -1)
    crop = imagenet_crop(strip)
    assert crop.shape == (1, 3, 224, 224)
    assert float(crop.mean()) == pytest.approx(0.5, abs=1e-4)
