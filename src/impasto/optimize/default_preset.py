"""The default preset, impasto's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from impasto.optimize.preset import Preset, Variant

# Runs of many steps, and of few ones at once, paint better through the small encoder in the same time.
ONE_SMALL_ENCODER: Mapping[str, Any] = MappingProxyType({"encoder": "compact", "fine_encoder": None})


def _other_starts() -> Iterator[Variant]:
    """Yield the variants of starts without the large forms of the painting: coarse scales paint them."""
    for start in ("content", "noise", "style", "picture"):
        yield Variant(
            {"start": start},
            {
                **ONE_SMALL_ENCODER,
                "smallest": 192,
                "scale_steps": (36, 56),
                "fine_steps": (24, 12),
                "learning_rate": 0.04,
                "betas": (0.8, 0.9),
                "views": 8,
                # Smooth steps cannot remove the finest grain of noise.
                "smooth_steps": start not in ("noise", "style"),
            },
        )
        # With so few steps a coarse scale only blurs, so all of them go to the finest scale.
        yield Variant(
            {"start": start, "quality": "draft"},
            {
                "scale_ratio": 64.0,
                "scale_steps": (10,),
                "fine_steps": (6, 4),
                "learning_rate": 0.06,
                "betas": (0.7, 0.8),
                "views": 2,
            },
        )
        yield Variant(
            {"start": start, "quality": "high"},
            {"encoder": "compact-large", "scale_steps": (70, 60), "fine_steps": (48, 24)},
        )


IMPASTO = Preset(
    "impasto",
    "The default: starts from the picture painted in one pass and paints it over, with the encoder that ships.",
    "impasto's own, tuned on benchmarks/front.py",
    {
        # In the same time, half the steps through the large encoder paint better (benchmarks/README.md). Scales above
        # the base size only add detail, which the small one sees as well.
        "encoder": "compact-large",
        "fine_encoder": "compact",
        "content_layers": {"relu2_1": 0.1, "relu3_1": 0.3, "relu4_1": 1.0, "relu4_2": 1.0},
        "content_loss": "variance",
        "content_weight": 0.3,
        "hold": True,
        # With relu5_1 at 1, colours suffer; without it, the large forms of the painting are missing.
        "style_layers": {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0, "relu4_1": 1.0, "relu5_1": 0.4},
        "style_loss": "moments",
        "start": "fast",
        # One scale: the one-pass picture already has the large forms, and a smaller scale would blur it.
        "smallest": 512,
        "scale_steps": (12,),
        "base": 512,
        "fine_steps": (12, 8),
        "anchor": 3000.0,
        "layout": 100.0,
        "optimizer": "adam",
        "learning_rate": 0.07,
        # Of so few steps, each counts: a longer memory of gradients lags behind.
        "betas": (0.7, 0.8),
        "smooth_steps": True,
        "final_learning_rate_factor": 0.2,
        # More views cut rows and columns at the top and at the left, where fringes would stay.
        "views": 1,
        "soften": True,
    },
    variants=(
        Variant({"quality": "draft"}, {**ONE_SMALL_ENCODER, "scale_steps": (8,), "fine_steps": (6, 4)}),
        Variant({"quality": "high"}, {"fine_encoder": None, "scale_steps": (150,), "fine_steps": (30, 16)}),
        *_other_starts(),
    ),
)
