"""Presets of two tutorials in PyTorch."""

from __future__ import annotations

from impasto.optimize.preset import Preset

PYTORCH_TUTORIAL = Preset(
    "pytorch-tutorial",
    "The tutorial of PyTorch's documentation: five shallow style layers, L-BFGS.",
    "Jacq, Neural Transfer Using PyTorch, PyTorch tutorials, advanced_source/neural_style_tutorial.py",
    {
        "encoder": "vgg19",
        "pooling": "max",
        "padding": "zeros",
        # The tutorial counts convolutions: conv_1 to conv_5 are conv1_1 to conv3_1, before their ReLUs.
        "content_layers": {"conv2_2": 1.0},
        "content_loss": "mean",
        "content_weight": 1.0,
        "style_layers": dict.fromkeys(("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"), 1.0),
        "style_loss": "gram",
        "gram": "d2l",
        "style_weight": 1e6,
        "start": "content",
        "size": 512,
        "scales": ((512, 300),),
        "optimizer": "lbfgs",
        "learning_rate": 1.0,
        "clamp": True,
    },
    deviations=(
        "The tutorial counts 300 evaluations of torch.optim.LBFGS without a line search (history 100); here 300 is the "
        "number of iterations, each with a strong Wolfe line search (history 20).",
        "It resizes both images to squares of 512 pixels with a GPU and of 128 without (--size 128); here they keep "
        "their aspect ratios.",
    ),
    published_weights="vgg19",
)
TUTORIAL_ADAM = Preset(
    "tutorial-adam",
    "The short introduction: a clone of the photograph, the mean squared error of the last layer, Adam.",
    "A script in PyTorch that many introductions share",
    {
        "encoder": "vgg16",
        "pooling": "max",
        "padding": "zeros",
        "size": 300,
        "content_layers": {"relu4_3": 1.0},
        "content_loss": "mean",
        "content_weight": 1.0,
        "style_layers": dict.fromkeys(("relu1_2", "relu2_2", "relu3_3", "relu4_3"), 1.0),
        "style_loss": "gram",
        "gram": "tutorial",
        "style_weight": 100.0,
        "start": "content",
        "scales": ((300, 500),),
        "optimizer": "adam",
        "learning_rate": 0.003,
        "pixel_units": "normalised",
        "betas": (0.5, 0.999),
        "clamp": False,
    },
    deviations=(
        "It stretches both images to 300x300; here the photograph keeps its aspect ratio and the style image is "
        "stretched to the output.",
    ),
    published_weights="vgg16",
)
