"""Groups of recipe fields for help pages and forms. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping

OTHER_PANEL = "More settings"
PANELS: Mapping[str, tuple[str, ...]] = {
    "Main settings": (
        "preset",
        "size",
        "aspect",
        "quality",
        "strength",
        "stroke",
        "steps",
        "seed",
    ),
    "Several styles": (
        "mix",
        "balance",
        "sigmas",
        "blend",
        "share",
    ),
    "Colour": (
        "colors",
        "color_method",
        "color_space",
    ),
    "Style and content": (
        "content_layers",
        "content_loss",
        "content_weight",
        "style_layers",
        "style_loss",
        "gram",
        "style_weight",
        "hold",
        "variation_weight",
        "variation",
        "value_range_weight",
        "seamless",
    ),
    "Schedule": (
        "start",
        "start_picture",
        "scales",
        "smallest",
        "scale_ratio",
        "scale_steps",
        "first_steps",
        "base",
        "fine_steps",
        "anchor",
        "layout",
        "soften",
    ),
    "Optimiser": (
        "optimizer",
        "learning_rate",
        "pixel_units",
        "betas",
        "smooth_steps",
        "decay",
        "decay_every",
        "staircase",
        "final_learning_rate_factor",
        "carry",
        "ema_decay",
        "clamp",
        "views",
    ),
    "Encoder and machine": (
        "encoder",
        "weights",
        "pooling",
        "rescale_pooling",
        "padding",
        "device",
        "precision",
    ),
}
