"""The presets of Dive into Deep Learning, as in two of its editions."""

from __future__ import annotations

from typing import Any

from impasto.optimize.preset import FIRST_LAYERS, Preset

# The book reads VGG's convolutions (indices 0, 5, 10, 19, 28 and 25), but torchvision's ReLUs work in place: what it
# compares are the ReLUs that follow them, except at the last convolution, after which its network ends.
_STYLE_LAYERS = dict.fromkeys((*FIRST_LAYERS[:4], "conv5_1"), 1.0)

_BOTH_EDITIONS: dict[str, Any] = {
    "encoder": "vgg19",
    "padding": "zeros",
    "size": 450,
    "content_layers": {"relu4_4": 1.0},
    "content_loss": "mean",
    "content_weight": 1.0,
    "style_layers": _STYLE_LAYERS,
    "style_loss": "gram",
    "gram": "d2l",
    "variation_weight": 10.0,
    "variation": "l1_normalised",
    "start": "content",
    "optimizer": "adam",
    "pixel_units": "normalised",
    "betas": (0.9, 0.999),
    "carry": False,
    "clamp": False,
}
_DEVIATIONS = (
    "The book stretches both images to the size of the output; here they keep their aspect ratios.",
    "Layers are those of the book's PyTorch code; its MXNet code reads all of them before their ReLUs.",
)

D2L = Preset(
    "d2l",
    "The textbook version in two resolutions, with Adam and a decaying learning rate.",
    "Zhang, Lipton, Li & Smola, Dive into Deep Learning, first edition (version 0.6 of 2019), chapter Computer Vision, "
    "Neural Style Transfer",
    {
        **_BOTH_EDITIONS,
        "style_weight": 1e3,
        "scales": ((225, 500), (450, 300)),
        "learning_rate": 0.01,
        "decay": 0.1,
        "decay_every": (200, 100),
    },
    deviations=(
        *_DEVIATIONS,
        "The learning rate falls after 200 and 400 steps (later after 100 and 200), as in the book's PyTorch code; "
        "version 0.6 counts one step more.",
        "From version 0.7 on the second size is 600x900 (--size 900), from 0.16.6 on there is one size (see d2l-2023).",
    ),
    published_weights="vgg19",
)
D2L_2023 = Preset(
    "d2l-2023",
    "The textbook version of 2023 in one resolution.",
    "Zhang, Lipton, Li & Smola, Dive into Deep Learning, version 1.0 (Cambridge University Press 2023), section 14.12, "
    "Neural Style Transfer",
    {
        **_BOTH_EDITIONS,
        "style_weight": 1e4,
        "scales": ((450, 500),),
        "learning_rate": 0.3,
        "decay": 0.8,
        "decay_every": (50,),
    },
    deviations=_DEVIATIONS,
    published_weights="vgg19",
)
