"""Presets: published settings and impasto's own as named recipes, with the numbers of their sources.

Importing this module does not import torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from impasto.errors import RecipeError, unknown
from impasto.losses.registry import CONTENT_LOSSES, STYLE_LOSSES
from impasto.optimize.default_preset import IMPASTO
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.optimize.preset import Preset
from impasto.optimize.published.d2l import D2L, D2L_2023
from impasto.optimize.published.gatys import GATYS
from impasto.optimize.published.mixed import MIXED
from impasto.optimize.published.torch_programs import JOHNSON, NEURAL_STYLE
from impasto.optimize.published.tutorials import PYTORCH_TUTORIAL, TUTORIAL_ADAM
from impasto.optimize.published.wasserstein import WASSERSTEIN
from impasto.optimize.recipe import Recipe

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            IMPASTO,
            GATYS,
            D2L,
            D2L_2023,
            MIXED,
            WASSERSTEIN,
            NEURAL_STYLE,
            PYTORCH_TUTORIAL,
            TUTORIAL_ADAM,
            JOHNSON,
        )
    }
)


# Encoders whose pooling and padding can be set: VGG networks, including `tiny`.
ADJUSTABLE_ENCODERS = ("vgg", "tiny")
ADJUSTMENTS = ("pooling", "rescale_pooling", "padding")


# Fields that the defaults of other fields depend on.
SELECTORS = ("quality", "start", "optimizer", "encoder", "content_loss", "style_loss")


def make_recipe(preset: str = "impasto", **changes: Any) -> Recipe:
    """Return the recipe of a preset with some fields changed; None means unchanged.

    The other fields have the values of `default_fields`. Raises `RecipeError` for an unknown preset or field, or an
    impossible value.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    return Recipe.make({**default_fields(preset, given), **given})


def change_recipe(stored: Mapping[str, Any], **changes: Any) -> Recipe:
    """Return the recipe with the fields ``stored`` and some of them changed; None means unchanged.

    A field that has its default gets its new one where that depends on the changes (`default_fields`). A change of
    ``start`` drops the stored picture to start from. Raises `RecipeError` as `make_recipe` does.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    preset = stored.get("preset") or "impasto"
    selected = {name: stored[name] for name in SELECTORS if stored.get(name) is not None}
    before, after = default_fields(preset, selected), default_fields(preset, {**selected, **given})
    kept = {name: value for name, value in stored.items() if name in after or name not in before}
    implied = {
        name: value
        for name, value in after.items()
        if value != before.get(name) and _is_default(name, stored.get(name), before)
    }
    if "start_picture" in given:
        implied["start"] = "picture"
    if given.get("start", "picture") != "picture":
        implied["start_picture"] = None
    return make_recipe(**{**kept, **implied, **given})


def _is_default(name: str, stored: Any, defaults: Mapping[str, Any]) -> bool:
    """Return whether the value of a field is its default; stored tuples are lists."""
    default = defaults.get(name, Recipe.model_fields[name].default)
    return bool(json.loads(json.dumps(stored)) == json.loads(json.dumps(default)))


def default_fields(preset: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a preset, adapted to the other fields that are changed.

    * A quality and a start bring the fields that the preset's variants define for them.
    * Another optimiser than the preset's brings its own defaults (`OptimizerEntry.defaults`), and no
      ``smooth_steps`` if it does not take them.
    * A content weight, or a content loss that ``hold`` cannot use, turns ``hold`` off.
    * Another encoder compares the features of every scale.
    * A preset's pooling and padding are for its own VGG encoder; an encoder in which they are built in drops them.
    * A style loss without statistics to mix mixes losses.
    * A weight of the value range, which needs pixels that may leave it, turns ``clamp`` off.
    * A picture to start from sets ``start``.

    Raises `RecipeError` for an unknown preset.
    """
    if preset not in PRESETS:
        raise RecipeError(unknown("preset", preset, PRESETS))
    start = "picture" if "start_picture" in changes else changes.get("start", PRESETS[preset].fields["start"])
    quality = str(changes.get("quality", "normal"))
    fields: dict[str, Any] = {"preset": preset, **PRESETS[preset].fields_for(quality, str(start))}
    content_loss, optimizer = str(changes.get("content_loss")), str(changes.get("optimizer"))
    if optimizer in OPTIMIZERS and optimizer != fields["optimizer"]:
        fields.update(OPTIMIZERS[optimizer].defaults)
        if "smooth_steps" not in OPTIMIZERS[optimizer].settings:
            fields["smooth_steps"] = False
    if "content_weight" in changes:
        fields["hold"] = False
    if content_loss in CONTENT_LOSSES and not CONTENT_LOSSES[content_loss].comparable:
        fields["hold"] = False
    if not str(changes.get("encoder", fields["encoder"])).startswith(ADJUSTABLE_ENCODERS):
        fields.update(dict.fromkeys(ADJUSTMENTS))
    if changes.get("encoder", fields["encoder"]) != fields["encoder"]:
        fields["fine_encoder"] = None
    style_loss = str(changes.get("style_loss"))
    if style_loss in STYLE_LOSSES and not STYLE_LOSSES[style_loss].mixes:
        fields["blend"] = "losses"
    if changes.get("value_range_weight"):
        fields["clamp"] = False
    if "start_picture" in changes:
        fields["start"] = "picture"
    return fields
