"""The presets of J. Johnson's two Torch programs, neural-style and the baseline of fast-neural-style."""

from __future__ import annotations

from typing import Any

from impasto.optimize.preset import FIRST_LAYERS, Preset

_BOTH_PROGRAMS: dict[str, Any] = {
    "pooling": "max",
    "padding": "zeros",
    "content_loss": "mean",
    "style_loss": "gram",
    "gram": "d2l",
    "blend": "statistics",
    "variation": "half_sum",
    "start": "noise",
    "optimizer": "lbfgs",
    "learning_rate": 1.0,
    "clamp": False,
}
_OTHER_LBFGS = (
    "Its L-BFGS has a history of 100 and no line search; ours has a history of 20 and a strong Wolfe line "
    "search."
)

NEURAL_STYLE = Preset(
    "neural-style",
    "The defaults of the best-known Torch program: Gram matrices, L-BFGS from noise.",
    "Johnson, neural-style (2015), neural_style.lua, default options",
    {
        **_BOTH_PROGRAMS,
        "encoder": "vgg19-caffe",
        "content_layers": {"relu4_2": 1.0},
        "content_weight": 5.0,
        "style_layers": dict.fromkeys(FIRST_LAYERS, 1.0),
        "style_weight": 1e2,
        "variation_weight": 1e-3,
        "size": 512,
        "scales": ((512, 1000),),
    },
    deviations=(
        "Pixels are multiplied by 255 here, by 256 in the source, which rounds up when it pools and we down.",
        "The source starts from the mean colour with noise of .001 (of 256); our noise has a standard deviation of .25 "
        "(of 1).",
        _OTHER_LBFGS,
        "The loss that the source prints leaves out the total variation, which it only adds to the gradient.",
    ),
    published_weights="vgg19-caffe",
)
JOHNSON = Preset(
    "johnson",
    "The loss that the fast networks were trained on, optimised for one picture.",
    "Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, section "
    "4.1 (the baseline); weights of the released code, fast-neural-style, slow_neural_style.lua",
    {
        **_BOTH_PROGRAMS,
        "encoder": "vgg16-caffe",
        "content_layers": {"relu3_3": 1.0},
        "content_weight": 1.0,
        "style_layers": dict.fromkeys(("relu1_2", "relu2_2", "relu3_3", "relu4_3"), 1.0),
        "style_weight": 5.0,
        "variation_weight": 1e-6,
        "size": 512,
        "scales": ((512, 500),),
    },
    deviations=(
        "Weights, the content layer relu3_3 and the mean over the Gram matrix's entries are those of the released "
        "code; the paper has relu2_2 and the sum over the entries (--content-layers relu2_2 --gram johnson), and names "
        "no weights.",
        "The released code starts from the mean colour with noise of 1 (of 255); our noise has a standard deviation of "
        ".25 (of 1).",
        _OTHER_LBFGS,
    ),
    published_weights="vgg16-caffe",
)
