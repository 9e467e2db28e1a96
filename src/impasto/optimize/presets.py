"""Presets: published settings and impasto's own as named recipes, with the numbers of their sources.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from impasto.errors import RecipeError, unknown
from impasto.losses.registry import CONTENT_LOSSES
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.optimize.recipe import Recipe

FIRST_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

# Factors from the sources' pixel units to ours (0 to 1): pixels of 0-255, and pixels normalised by ImageNet's standard
# deviations (about .226).
BYTE = 1 / 255
NORMALISED = 0.226


@dataclass(frozen=True)
class Preset:
    """A named recipe with its source and the deviations from it.

    ``qualities`` are the fields that a quality changes, where it does more than multiply the steps.
    """

    name: str
    summary: str
    source: str
    fields: Mapping[str, Any]
    deviations: str = ""
    qualities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_GATYS = Preset(
    "gatys",
    "The original: Gram matrices, one content layer, L-BFGS.",
    "Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, sections 2-3",
    {
        "encoder": "vgg19",
        "pooling": "average",
        "content_layers": {"relu4_2": 1.0},
        "content_loss": "gatys",
        "content_weight": 1.0,
        "style_layers": dict.fromkeys(FIRST_LAYERS, 0.2),
        "style_loss": "gram",
        "gram": "gatys",
        "style_weight": 1e3,
        "start": "noise",
        "scales": ((512, 500),),
        "optimizer": "lbfgs",
        "learning_rate": 1.0,
        "clamp": False,
    },
    deviations="alpha/beta is the paper's 1e-3; the paper does not state the number of steps. Pooling keeps the size "
    "of activations (factor 2), unlike the paper.",
)
_D2L = Preset(
    "d2l",
    "The textbook version in two resolutions, with Adam and a decaying learning rate.",
    "Zhang, Lipton, Li & Smola, Dive into Deep Learning, section 14.12 (Neural Style Transfer)",
    {
        "encoder": "vgg19",
        "size": 450,
        "content_layers": {"relu4_4": 1.0},
        "content_loss": "mean",
        "content_weight": 1.0,
        "style_layers": dict.fromkeys(FIRST_LAYERS, 1.0),
        "style_loss": "gram",
        "gram": "d2l",
        "style_weight": 1e3,
        "variation_weight": 10.0,
        "variation": "l1",
        "start": "content",
        "scales": ((225, 500), (450, 500)),
        "optimizer": "adam",
        "learning_rate": 0.01 * NORMALISED,
        "betas": (0.9, 0.999),
        "decay": 0.1,
        "decay_every": 200,
        "carry": False,
        "clamp": False,
    },
    deviations="The book works on normalised pixels; its learning rate .01 is .01 * .226 here. 150x225 and 300x450 "
    "are given by the longer side; the aspect ratio is kept.",
)
_MIXED = Preset(
    "mixed",
    "Mixed neural style transfer: two styles, a cross-fader, balanced.",
    "Mixed Neural Style Transfer With Two Style Images, article in Towards Data Science",
    {
        "encoder": "vgg19",
        "content_layers": {"relu5_2": 1.0},
        "content_loss": "mean",
        "content_weight": 0.002,
        "style_layers": dict(zip(FIRST_LAYERS, (1.0, 1.0, 0.2, 0.3, 0.01), strict=True)),
        "style_loss": "gram",
        "gram": "undivided",
        "style_weight": 0.02,
        "start": "content",
        "scales": ((512, 500),),
        "optimizer": "adam",
        "learning_rate": 12.0 * BYTE,
        "betas": (0.9, 0.999),
        "decay": 0.6,
        "decay_every": 100,
    },
    deviations="The article's learning rate 12.0 is for pixels of 0-255; 500 steps and Adam's standard betas are "
    "our choice.",
)
_WASSERSTEIN = Preset(
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
        "variation_weight": 2.0,
        "variation": "nine_point",
        "start": "content",
        "smallest": 128,
        "scale_ratio": 2**0.5,
        "scale_steps": (500,),
        "first_steps": 1000,
        "optimizer": "adam",
        "learning_rate": 0.02,
        "betas": (0.9, 0.99),
        "ema_decay": 0.99,
    },
)
_IMPASTO = Preset(
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

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {preset.name: preset for preset in (_IMPASTO, _GATYS, _D2L, _MIXED, _WASSERSTEIN)}
)


# Encoders that take --pooling: VGG networks, including `tiny`.
POOLING_ENCODERS = ("vgg", "tiny")


# Fields that the defaults of other fields depend on.
SELECTORS = ("quality", "optimizer", "encoder", "content_loss")


def make_recipe(preset: str = "impasto", **changes: Any) -> Recipe:
    """Return the recipe of a preset with some fields changed; None means unchanged.

    The other fields have the values of `default_fields`. Raises `RecipeError` for an unknown preset or field, or an
    impossible value.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    return Recipe.make({**default_fields(preset, given), **given})


def change_recipe(stored: Mapping[str, Any], **changes: Any) -> Recipe:
    """Return the recipe with the fields ``stored`` and some of them changed; None means unchanged.

    A field whose default depends on the changes (`default_fields`) gets its new default. A change of ``start`` drops
    the stored picture to start from. Raises `RecipeError` as `make_recipe` does.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    preset = stored.get("preset") or "impasto"
    selected = {name: stored[name] for name in SELECTORS if stored.get(name) is not None}
    before, after = default_fields(preset, selected), default_fields(preset, {**selected, **given})
    kept = {name: value for name, value in stored.items() if name in after or name not in before}
    implied = {name: value for name, value in after.items() if value != before.get(name)}
    if given.get("start", "picture") != "picture":
        implied["start_picture"] = None
    return make_recipe(**{**kept, **implied, **given})


def default_fields(preset: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a preset, adapted to the other fields that are changed.

    * A quality brings the fields that the preset defines for it.
    * Another optimiser than the preset's brings its own defaults (`OptimizerEntry.defaults`).
    * A content weight, or a content loss that ``hold`` cannot use, turns ``hold`` off.
    * A preset's pooling is for its own VGG encoder; an encoder with fixed pooling drops it.
    * A weight of the value range, which needs pixels that may leave it, turns ``clamp`` off.
    * A picture to start from sets ``start``.

    Raises `RecipeError` for an unknown preset.
    """
    if preset not in PRESETS:
        raise RecipeError(unknown("preset", preset, PRESETS))
    fields: dict[str, Any] = {"preset": preset, **PRESETS[preset].fields}
    fields.update(PRESETS[preset].qualities.get(str(changes.get("quality", "normal")), {}))
    content_loss, optimizer = str(changes.get("content_loss")), str(changes.get("optimizer"))
    if optimizer in OPTIMIZERS and optimizer != fields["optimizer"]:
        fields.update(OPTIMIZERS[optimizer].defaults)
    if "content_weight" in changes:
        fields["hold"] = False
    if content_loss in CONTENT_LOSSES and not CONTENT_LOSSES[content_loss].comparable:
        fields["hold"] = False
    if not str(changes.get("encoder", fields["encoder"])).startswith(POOLING_ENCODERS):
        fields["pooling"] = None
    if changes.get("value_range_weight"):
        fields["clamp"] = False
    if "start_picture" in changes:
        fields["start"] = "picture"
    return fields
