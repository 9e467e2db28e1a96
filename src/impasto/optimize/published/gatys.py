"""The preset of Gatys, Ecker and Bethge (2016)."""

from __future__ import annotations

from impasto.optimize.preset import FIRST_LAYERS, Preset

GATYS = Preset(
    "gatys",
    "The original: Gram matrices, one content layer, L-BFGS.",
    "Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, sections 2-3",
    {
        "encoder": "vgg19-caffe",
        "pooling": "average",
        "rescale_pooling": False,
        "padding": "zeros",
        "content_layers": {"relu4_2": 1.0},
        "content_loss": "gatys",
        "content_weight": 1.0,
        "style_layers": dict.fromkeys(FIRST_LAYERS, 0.2),
        "style_loss": "gram",
        "gram": "gatys",
        "style_weight": 1e3,
        "start": "noise",
        "size": 512,
        "scales": ((512, 500),),
        "optimizer": "lbfgs",
        "learning_rate": 1.0,
        "clamp": False,
    },
    deviations=(
        "The paper scales the weights of VGG-19 so that every filter has a mean activation of 1; here they are the "
        "original ones, so alpha/beta (the paper's 1e-3) weighs sums of another size.",
        "Each Gram matrix is divided by its own number of positions; the paper resizes both images to one size.",
        "The paper does not state the number of steps; 500 is our choice.",
    ),
    published_weights="vgg19-caffe",
)
