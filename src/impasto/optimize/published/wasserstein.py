"""The preset of K. Crowson's style-transfer-pytorch."""

from __future__ import annotations

from impasto.optimize.preset import FIRST_LAYERS, Preset

WASSERSTEIN = Preset(
    "wasserstein",
    "Gaussian Wasserstein-2 statistics, many scales, averaged iterates.",
    "Crowson, style-transfer-pytorch (2021), defaults",
    {
        "encoder": "vgg19",
        "pooling": "max",
        "content_layers": {"relu4_2": 1.0},
        "content_loss": "mean",
        "content_weight": 0.015,
        "style_layers": {
            layer: weight / 341 for layer, weight in zip(FIRST_LAYERS, (256, 64, 16, 4, 1), strict=True)
        },
        "style_loss": "wasserstein",
        "style_weight": 1.0,
        "blend": "statistics",
        "variation_weight": 2.0,
        "variation": "nine_point",
        "start": "content",
        "size": 512,
        "smallest": 128,
        "scale_ratio": 2**0.5,
        "scale_steps": (500,),
        "first_steps": 1000,
        "optimizer": "adam",
        "learning_rate": 0.02,
        "betas": (0.9, 0.99),
        "ema_decay": 0.99,
    },
    deviations=(
        "Square roots of covariances are exact; the source's 12 Newton-Schulz iterations are about 4 % off.",
    ),
    published_weights="vgg19",
)
