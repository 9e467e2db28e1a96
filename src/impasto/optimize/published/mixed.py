"""The preset of the article on mixed style transfer."""

from __future__ import annotations

from impasto.optimize.preset import FIRST_LAYERS, Preset

MIXED = Preset(
    "mixed",
    "Mixed neural style transfer: two styles, a cross-fader, balanced.",
    "Mixed Neural Style Transfer With Two Style Images, article in Towards Data Science",
    {
        "encoder": "vgg19-caffe",
        "padding": "zeros",
        "content_layers": {"relu5_2": 1.0},
        "content_loss": "mean",
        "content_weight": 0.002,
        "style_layers": dict(zip(FIRST_LAYERS, (1.0, 1.0, 0.2, 0.3, 0.01), strict=True)),
        "style_loss": "gram",
        "gram": "undivided",
        "style_weight": 0.02,
        "start": "content",
        "size": 512,
        "scales": ((512, 500),),
        "optimizer": "adam",
        "learning_rate": 12.0,
        "pixel_units": "byte",
        "betas": (0.9, 0.999),
        "decay": 0.6,
        "decay_every": (100,),
        "staircase": False,
    },
    deviations=(
        "500 steps and Adam's standard betas are our choice; the article states neither.",
        "The styles are balanced by the article's rule during the run, a little at every step, instead of once after "
        "a first run.",
    ),
    published_weights="vgg19-caffe",
)
