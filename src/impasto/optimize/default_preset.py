"""The default preset, impasto's own."""

from __future__ import annotations

from impasto.optimize.preset import Preset

IMPASTO = Preset(
    "impasto",
    "The default: fast and faithful, with the encoder that ships with impasto.",
    "impasto's own, tuned on benchmarks/front.py",
    {
        "encoder": "compact",
        "content_layers": {"relu2_1": 0.1, "relu3_1": 0.3, "relu4_1": 1.0, "relu4_2": 1.0},
        "content_loss": "variance",
        "content_weight": 0.3,
        "hold": True,
        "style_layers": {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0, "relu4_1": 1.0},
        "style_loss": "moments",
        "start": "content",
        "smallest": 192,
        "scale_ratio": 2.0,
        "scale_steps": (36, 56),
        "base": 512,
        "fine_steps": (24, 12),
        "anchor": 3000.0,
        "optimizer": "adam",
        "learning_rate": 0.04,
        "betas": (0.8, 0.9),
        "final_learning_rate_factor": 0.2,
        "views": 8,
        "soften": True,
    },
    # With so few steps a coarse scale only blurs, so all of them go to the finest scale, with a larger learning rate
    # and smaller betas.
    qualities={
        "draft": {
            "scale_ratio": 64.0,
            "scale_steps": (10,),
            "fine_steps": (6, 4),
            "learning_rate": 0.06,
            "betas": (0.7, 0.8),
            "views": 2,
        }
    },
)
