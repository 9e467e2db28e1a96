"""Recipes, presets and schedules: exact numbers, round trips, bad values."""

from __future__ import annotations

import itertools
import math

import pytest

from impasto.errors import RecipeError
from impasto.optimize.parsing import NUMBER_LISTS, parse_layers, parse_scales
from impasto.optimize.preset import FIRST_LAYERS
from impasto.optimize.presets import PRESETS, change_recipe, make_recipe
from impasto.optimize.recipe import Recipe
from impasto.optimize.schedule import distribute, schedule


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid_cited_and_survives_json(name):
    recipe = make_recipe(name)
    assert recipe.preset == name
    assert len(PRESETS[name].source) > 10
    assert Recipe.make(recipe.to_json()) == recipe
    sides = [side for side, _ in schedule(recipe)]
    assert sides == sorted(sides)
    assert sides[-1] == recipe.side


def test_the_number_lists_are_the_fields_of_several_numbers():
    def holds_numbers(schema):
        kinds = schema.get("anyOf", [schema])
        items = [kind.get("items") or kind.get("prefixItems", [{}])[0] for kind in kinds]
        return any(item.get("type") in ("integer", "number") for item in items)

    fields = Recipe.model_json_schema()["properties"]
    assert {name for name, schema in fields.items() if holds_numbers(schema)} == set(NUMBER_LISTS)


def test_gatys_numbers():
    recipe = make_recipe("gatys")
    assert recipe.encoder == "vgg19-caffe"
    assert (recipe.pooling, recipe.rescale_pooling, recipe.padding) == ("average", False, "zeros")
    assert recipe.content_layers == {"relu4_2": 1.0}
    assert recipe.style_layers == dict.fromkeys(FIRST_LAYERS, 0.2)
    assert (recipe.content_loss, recipe.style_loss, recipe.gram) == ("gatys", "gram", "gatys")
    assert recipe.content_weight / recipe.style_weight == pytest.approx(1e-3)
    assert (recipe.optimizer, recipe.start) == ("lbfgs", "noise")
    assert len(schedule(recipe)) == 1


def test_d2l_numbers():
    recipe = make_recipe("d2l")
    assert recipe.content_layers == {"relu4_4": 1.0}
    assert recipe.style_layers == dict.fromkeys((*FIRST_LAYERS[:4], "conv5_1"), 1.0)
    assert (recipe.content_weight, recipe.style_weight, recipe.variation_weight) == (1, 1e3, 10)
    assert (recipe.content_loss, recipe.style_loss, recipe.gram, recipe.variation) == (
        "mean",
        "gram",
        "d2l",
        "l1_normalised",
    )
    assert schedule(recipe) == ((225, 500), (450, 300))
    assert (recipe.decay, recipe.decay_every, recipe.padding) == (0.1, (200, 100), "zeros")
    assert (recipe.learning_rate, recipe.pixel_units) == (0.01, "normalised")
    later = make_recipe("d2l-2023")
    assert (later.style_weight, later.decay, later.decay_every) == (1e4, 0.8, (50,))
    assert later.learning_rate == 0.3
    assert schedule(later) == ((450, 500),)


def test_mixed_numbers():
    recipe = make_recipe("mixed")
    assert recipe.content_layers == {"relu5_2": 1.0}  # block5_conv2
    assert list(recipe.style_layers.values()) == [1, 1, 0.2, 0.3, 0.01]
    assert recipe.gram == "undivided"
    assert (recipe.content_weight, recipe.style_weight) == (0.002, 0.02)
    assert (recipe.learning_rate, recipe.pixel_units) == (12, "byte")
    assert (recipe.decay, recipe.decay_every, recipe.start) == (0.6, (100,), "content")
    assert (recipe.encoder, recipe.staircase) == ("vgg19-caffe", False)


def test_wasserstein_numbers():
    recipe = make_recipe("wasserstein")
    weights = list(recipe.style_layers.values())
    assert [w / weights[-1] for w in weights] == pytest.approx([256, 64, 16, 4, 1])
    assert sum(weights) == pytest.approx(1)
    assert recipe.content_layers == {"relu4_2": 1.0}
    assert recipe.content_weight == 0.015
    assert (recipe.variation_weight, recipe.variation) == (2.0, "nine_point")
    assert (recipe.learning_rate, recipe.betas, recipe.ema_decay) == (0.02, (0.9, 0.99), 0.99)
    assert schedule(recipe) == ((128, 1000), (181, 500), (256, 500), (362, 500), (512, 500))
    large = schedule(recipe.model_copy(update={"size": 2896}))
    assert (len(large), sum(steps for _, steps in large)) == (10, 5500)  # the source's largest example


def test_schedule_of_the_default_ends_at_size_and_starts_above_smallest():
    for size in (64, 100, 512, 1024, 2048, 4000):
        sides = [side for side, _ in schedule(make_recipe(size=size))]
        assert sides[-1] == size
        assert sides[0] >= min(192, size)
        assert all(b / a == pytest.approx(2, abs=0.05) for a, b in itertools.pairwise(sides))


def test_distributed_steps_add_up():
    for total in (1, 2, 7, 100, 12345):
        counts = distribute(total, [120, 80, 40])
        assert sum(counts) == total
        assert counts[-1] >= 1
    assert distribute(6, [100, 200, 300]) == [1, 2, 3]


def test_quality_scales_steps():
    recipes = {q: make_recipe("wasserstein", quality=q) for q in ("draft", "normal", "high")}
    steps = {quality: sum(count for _, count in schedule(recipe)) for quality, recipe in recipes.items()}
    assert steps["draft"] < steps["normal"] / 2 < steps["high"] / 4


def test_explicit_scales_stretch_to_size():
    recipe = make_recipe(scales="128:10,256:5", size=512)
    assert schedule(recipe) == ((256, 10), (512, 5))


def test_layer_and_scale_texts():
    assert parse_layers("relu1_1:2, relu4_1") == {"relu1_1": 2.0, "relu4_1": 1.0}
    assert parse_scales("128:20, 256:10") == ((128, 20), (256, 10))
    assert make_recipe(style_layers="relu1_1:.5").style_layers == {"relu1_1": 0.5}


BAD = [
    {"size": 15}, {"size": 65_536}, {"size": "large"}, {"steps": 0}, {"steps": -3}, {"strength": -0.1},
    {"strength": 2.1}, {"strength": math.nan}, {"learning_rate": 0}, {"learning_rate": math.inf},
    {"optimizer": "sgd"}, {"style_loss": "grams"}, {"gram": "half"}, {"variation": "l3"}, {"quality": "best"},
    {"start": "picture"}, {"scales": "512"}, {"scales": "512:10,128:10"}, {"scales": "a:b"},
    {"style_layers": "relu1_1:x"}, {"style_layers": {"relu1_1": -1}}, {"content_layers": {"relu1_1": math.nan}},
    {"betas": (1.0, 0.9)}, {"ema_decay": 1.0}, {"decay": 0}, {"final_learning_rate_factor": 0}, {"scale_ratio": 1.0},
    {"scale_steps": ()}, {"seed": -1}, {"precision": "int8"}, {"sise": 512},
    {"style_layers": {}, "content_layers": {}}, {"optimizer": "lbfgs", "style_loss": "sliced"},
    {"optimizer": "lbfgs", "pixel_units": "byte"}, {"optimizer": "lbfgs", "views": 4}, {"views": 0},
]  # fmt: skip


@pytest.mark.parametrize("fields", BAD, ids=str)
def test_bad_values_are_one_sentence(fields):
    with pytest.raises(RecipeError) as caught:
        make_recipe(**fields)
    message = str(caught.value)
    assert "\n" not in message
    assert next(iter(fields)) in message or "settings" in message or "sliced" in message or "layer" in message


def test_unknown_names_suggest():
    with pytest.raises(RecipeError, match="Did you mean 'gatys'"):
        make_recipe("gatis")
    with pytest.raises(RecipeError, match="Did you mean 'size'"):
        make_recipe(sise=3)


def test_changing_to_lbfgs_brings_what_it_needs():
    recipe = make_recipe(optimizer="lbfgs")
    assert (recipe.views, recipe.learning_rate, recipe.clamp) == (1, 1.0, False)
    assert make_recipe(optimizer="lbfgs", learning_rate=0.5).learning_rate == 0.5
    assert make_recipe("gatys", optimizer="lbfgs") == make_recipe("gatys")


def test_a_draft_of_the_default_has_settings_of_its_own_and_options_still_win():
    assert schedule(make_recipe(quality="draft")) == ((512, 8),)
    assert schedule(make_recipe(quality="draft", start="content")) == ((512, 10),)
    assert make_recipe(quality="draft", start="content").learning_rate == 0.06
    assert make_recipe(quality="draft").views == 1
    assert make_recipe(quality="draft", views=5).views == 5
    assert schedule(make_recipe("gatys", quality="draft")) == ((512, 125),)


def test_a_changed_quality_brings_its_steps_and_back():
    stored = make_recipe(seed=5).to_json()
    draft = change_recipe(stored, quality="draft")
    assert draft == make_recipe(seed=5, quality="draft")
    assert change_recipe(draft.to_json(), quality="normal") == make_recipe(seed=5)
    kept = make_recipe(quality="draft", views=5).to_json()
    assert change_recipe(kept, quality="draft", seed=3).views == 5
    assert change_recipe(stored, quality="draft", views=5).views == 5


def test_a_changed_content_weight_turns_hold_off():
    stored = make_recipe().to_json()
    assert stored["hold"]
    assert change_recipe(stored, content_weight=2.0) == make_recipe(content_weight=2.0)
    assert change_recipe(stored, content_loss="gatys") == make_recipe(content_loss="gatys")
    assert change_recipe(stored, content_weight=2.0, hold=True).hold


def test_a_changed_optimizer_brings_what_it_needs_and_back():
    stored = make_recipe(quality="draft").to_json()
    lbfgs = change_recipe(stored, optimizer="lbfgs")
    assert lbfgs == make_recipe(quality="draft", optimizer="lbfgs")
    assert change_recipe(lbfgs.to_json(), optimizer="adam") == make_recipe(quality="draft")
    assert change_recipe(lbfgs.to_json(), quality="normal").views == 1


def test_start_and_start_picture_replace_each_other():
    assert make_recipe(start_picture="a.png").start == "picture"
    assert make_recipe(start_picture="a.png", start="noise").start == "noise"
    stored = make_recipe(start_picture="a.png").to_json()
    assert change_recipe(stored, seed=5) == make_recipe(start_picture="a.png", seed=5)
    assert change_recipe(stored, start="noise") == make_recipe(start="noise")
    assert change_recipe(stored, start="picture", start_picture="b.png").start_picture == "b.png"
    stored = make_recipe(start="noise").to_json()
    assert change_recipe(stored, start_picture="b.png") == make_recipe(start_picture="b.png")


def test_another_encoder_compares_every_scale():
    fine = {
        name: make_recipe(**changes).fine_encoder
        for name, changes in {
            "default": {},
            "same": {"encoder": "compact-large"},
            "other": {"encoder": "vgg19"},
            "high": {"quality": "high"},
            "from noise": {"start": "noise"},
            "chosen": {"encoder": "vgg19", "fine_encoder": "tiny"},
        }.items()
    }
    assert fine == {"default": "compact", "same": "compact", "chosen": "tiny"} | dict.fromkeys(
        ("other", "high", "from noise")
    )
    assert change_recipe(make_recipe().to_json(), encoder="vgg19").fine_encoder is None


@pytest.mark.parametrize("name", PRESETS)
def test_every_stored_recipe_is_unchanged_without_changes(name):
    recipe = make_recipe(name, encoder="compact")
    assert change_recipe(recipe.to_json()) == make_recipe(**recipe.to_json()) == recipe
    assert change_recipe(make_recipe(name).to_json(), encoder="compact") == recipe
    assert change_recipe(recipe.to_json(), encoder="vgg19") == make_recipe(name, encoder="vgg19")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_opens_with_the_shipped_encoder(name):
    import torch

    from impasto.optimize.run import open_recipe_encoder

    recipe = make_recipe(name, encoder="compact")
    assert recipe.pooling is None or recipe.pooling == "max"
    assert open_recipe_encoder(recipe, torch.device("cpu")).name == "compact"
    assert make_recipe("gatys").pooling == make_recipe("gatys", encoder="vgg16").pooling == "average"


def test_several_styles_mix_statistics_where_the_source_does():
    assert make_recipe("wasserstein").blend == make_recipe("neural-style").blend == "statistics"
    assert make_recipe("mixed").blend == "losses"
    assert make_recipe("wasserstein", style_loss="sliced").blend == "losses"  # it has no statistics to mix
    assert make_recipe("wasserstein", blend="losses").blend == "losses"


def test_one_number_is_a_list_of_decays():
    assert make_recipe(decay_every=7).decay_every == (7,)
    assert make_recipe(decay_every=(7, 3)).decay_every == (7, 3)


def test_padding_and_pooling_belong_to_vgg_networks():
    assert make_recipe("gatys", encoder="tiny").padding == "zeros"
    other = make_recipe("gatys", encoder="compact")
    assert (other.pooling, other.padding, other.rescale_pooling) == (None, None, None)


def test_a_change_of_quality_keeps_what_was_chosen():
    stored = make_recipe(encoder="vgg19", weights="v.pth", scale_steps=(200,)).to_json()
    high = change_recipe(stored, quality="high")
    assert (high.encoder, high.scale_steps, high.fine_steps) == ("vgg19", (200,), (30, 16))
    assert change_recipe(make_recipe().to_json(), quality="high").encoder == "compact-large"
