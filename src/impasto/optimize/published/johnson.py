"""The objective of Johnson, Alahi and Fei-Fei's fast networks, optimised directly."""

from __future__ import annotations

from impasto.optimize.preset import Preset

JOHNSON = Preset(
    "johnson",
    "The loss that the fast networks were trained on, optimised for one picture.",
    "Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, section "
    "4.1 (the baseline); weights of the released code, fast-neural-style, slow_neural_style.lua",
    {
        "encoder": "vgg16-caffe",
        "pooling": "max",
        "padding": "zeros",
        "content_layers": {"relu3_3": 1.0},
        "content_loss": "mean",
        "content_weight": 1.0,
        "style_layers": dict.fromkeys(("relu1_2", "relu2_2", "relu3_3", "relu4_3"), 1.0),
        "style_loss": "gram",
        "gram": "d2l",
        "style_weight": 5.0,
        "blend": "statistics",
        "variation_weight": 1e-6,
        "variation": "half_sum",
        "start": "noise",
        "scales": ((512, 500),),
        "optimizer": "lbfgs",
        "learning_rate": 1.0,
        "clamp": False,
    },
    deviations=(
        "Weights, the content layer relu3_3 and the mean over the Gram matrix's entries are those of the released "
        "code; the paper has relu2_2 and the sum over the entries (--content-layers relu2_2 --gram johnson), and names "
        "no weights.",
        "The released code starts from the mean colour with noise of 1 (of 255); our noise has a standard deviation of "
        ".25 (of 1).",
        "Its L-BFGS has a history of 100 and no line search; ours has a history of 20 and a strong Wolfe line search.",
    ),
    published_weights="vgg16-caffe",
)
