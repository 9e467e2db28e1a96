"""The preset of J. Johnson's neural-style."""

from __future__ import annotations

from impasto.optimize.preset import FIRST_LAYERS, Preset

NEURAL_STYLE = Preset(
    "neural-style",
    "The defaults of the best-known Torch program: Gram matrices, L-BFGS from noise.",
    "Johnson, neural-style (2015), neural_style.lua, default options",
    {
        "encoder": "vgg19-caffe",
        "pooling": "max",
        "padding": "zeros",
        "content_layers": {"relu4_2": 1.0},
        "content_loss": "mean",
        "content_weight": 5.0,
        "style_layers": dict.fromkeys(FIRST_LAYERS, 1.0),
        "style_loss": "gram",
        "gram": "d2l",
        "style_weight": 1e2,
        "blend": "statistics",
        "variation_weight": 1e-3,
        "variation": "half_sum",
        "start": "noise",
        "scales": ((512, 1000),),
        "optimizer": "lbfgs",
        "learning_rate": 1.0,
        "clamp": False,
    },
    deviations=(
        "Pixels are multiplied by 255 here, by 256 in the source, which rounds up when it pools and we down.",
        "The source starts from the mean colour with noise of .001 (of 256); our noise has a standard deviation of .25 "
        "(of 1).",
        "Its L-BFGS has a history of 100 and no line search; ours has a history of 20 and a strong Wolfe line search.",
        "The loss that the source prints leaves out the total variation, which it only adds to the gradient.",
    ),
    published_weights="vgg19-caffe",
)
