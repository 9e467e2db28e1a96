"""Every field of the recipe is an option, and what is typed arrives in the recipe."""

from __future__ import annotations

import pytest

from impasto.cli.options import as_arguments, recipe_parameters, settings_of
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe

VALUES = {
    "preset": "gatys", "encoder": "vgg16", "fine_encoder": "tiny", "weights": "w.pth", "pooling": "l2",
    "rescale_pooling": "--no-rescale-pooling", "padding": "zeros", "pixel_units": "byte",
    "smooth_steps": "--no-smooth-steps",
    "staircase": "--no-staircase",
    "size": "60x90cm", "framing": "pad", "dpi": "150", "canvas": "400x300", "aspect": "16:9",
    "quality": "high", "strength": "0.7", "seed": "9", "content_layers": "relu4_1:2,relu3_1",
    "content_loss": "mean", "content_weight": "2.5", "style_layers": "relu1_1:.5", "style_loss": "sliced",
    "gram": "johnson", "style_weight": "7", "hold": "--no-hold", "stroke": "0.5",
    "mix": "0.2,0.8", "balance": "--no-balance", "sigmas": "1,2.5",
    "blend": "statistics", "share": "layers", "colors": "content", "color_method": "pca", "color_space": "lab",
    "seamless": "--seamless", "base": "300", "fine_steps": "9,4", "anchor": "7", "layout": "50",
    "soften": "--no-soften", "variation_weight": "0.25", "variation": "l1", "value_range_weight": "3",
    "start": "noise", "start_picture": "s.png", "scales": "128:20,300:10", "smallest": "64",
    "scale_ratio": "1.5", "scale_steps": "10,20", "first_steps": "5", "steps": "77", "optimizer": "lbfgs",
    "learning_rate": "0.3",
    "betas": "0.8,0.95", "decay": "0.5", "decay_every": "7", "final_learning_rate_factor": "0.6", "carry": "--no-carry",
    "ema_decay": "0.9", "views": "3", "clamp": "--no-clamp", "tile": "512", "device": "cpu", "precision": "float32",
}  # fmt: skip


def parse(words: list[str]) -> dict[str, object]:
    """Return the settings that the plan command makes of its words."""
    from impasto.cli.main import load

    command = load("plan")
    context = command.make_context("plan", words)
    return settings_of({name: context.params[name] for name in Recipe.model_fields})


def test_every_field_has_a_value_here() -> None:
    assert set(VALUES) == set(Recipe.model_fields)


@pytest.mark.parametrize("name", VALUES)
def test_an_option_reaches_the_recipe(name: str) -> None:
    text = VALUES[name]
    words = [text] if text.startswith("--") else [f"--{name.replace('_', '-')}", text]
    recipe = make_recipe(**parse(words))
    expected = make_recipe(
        **{
            name: False
            if text.startswith("--no-")
            else settings_of({name: text.startswith("--") or text})[name]
        }
    )
    assert getattr(recipe, name) == getattr(expected, name)
    if name != "start_picture":
        default = make_recipe("impasto")
        assert getattr(recipe, name) != getattr(default, name)


@pytest.mark.parametrize("name", VALUES)
def test_settings_become_words_and_come_back(name: str) -> None:
    text = VALUES[name]
    settings = parse([text] if text.startswith("--") else [f"--{name.replace('_', '-')}={text}"])
    assert parse(as_arguments(settings)) == settings


def test_nothing_typed_changes_nothing() -> None:
    assert parse([]) == {}


def test_every_option_is_described_and_in_a_named_panel() -> None:
    for parameter in recipe_parameters():
        option = parameter.annotation.__metadata__[0]
        assert option.help == Recipe.model_fields[parameter.name].description
        assert option.rich_help_panel != "More settings"


def test_left_out_fields_are_left_out() -> None:
    names = [parameter.name for parameter in recipe_parameters(("aspect", "gram"))]
    assert set(names) == set(Recipe.model_fields) - {"aspect", "gram"}
