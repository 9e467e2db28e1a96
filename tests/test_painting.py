"""Pictures say how they were painted, and are painted again from that, in either way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image

import impasto
from impasto.errors import RecipeError
from impasto.imaging import read_embedded_json, read_picture
from impasto.optimize import Finished, Stepped
from impasto.painting import one_pass_settings, open_job, replay
from impasto.plates import paint
from impasto.provenance import Provenance, provenance_of, read_provenance


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a content picture and two style pictures; plates take long to paint."""
    folder = tmp_path_factory.mktemp("plates")
    for name, plate in (("photo", "paper"), ("a", "swirls"), ("b", "ink")):
        paint(plate, 80).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def place(plates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> Path:
    """A folder of its own with the pictures of `plates`."""
    del one_thread
    monkeypatch.chdir(tmp_path)
    shutil.copytree(plates, tmp_path, dirs_exist_ok=True)
    return tmp_path


def same_pixels(result: impasto.Result, path: Path) -> bool:
    with Image.open(path) as image:
        return bool(numpy.array_equal(numpy.asarray(result.image), numpy.asarray(image)))


def test_an_optimised_picture_is_replayed(place) -> None:
    result = impasto.stylize("photo.png", "a.png", size=64, steps=3, guides=impasto.Guides(protect="left"))
    assert same_pixels(impasto.replay(result.save("out.png")), place / "out.png")


@pytest.mark.parametrize(
    ("styles", "settings", "guides"),
    [
        (["a.png"], {}, {}),
        (["a.png", "b.png"], {"mix": (0.3, 0.7), "colors": 0.5, "strength": 0.8, "size": 64}, {}),
        (["a.png", "b.png"], {"stroke": 0.5}, {"masks": ("left",), "protect": "top"}),
    ],
)
def test_a_picture_of_one_pass_is_replayed(place, styles, settings, guides) -> None:
    result = impasto.Stylizer().paint(
        "photo.png", styles, impasto.OnePassSettings(**settings), impasto.Guides(**guides)
    )
    path = result.save("out.png")
    assert read_provenance(path).one_pass
    assert same_pixels(replay(path), path)
    Path("out.json").write_text(json.dumps(read_embedded_json(path)))
    assert same_pixels(replay("out.json"), path)


def test_a_picture_of_a_trained_network_is_replayed_also_from_elsewhere(place) -> None:
    path = impasto.fast("photo.png", network="two-poplars", strength=0.7, tile=384).save("out.png")
    provenance = read_provenance(path)
    assert (provenance.trained_styles, provenance.recipe["network"]) == (("two-poplars",), "two-poplars")
    (place / "moved").mkdir()
    for name in ("out.png", "photo.png"):
        (place / name).rename(place / "moved" / name)
    assert same_pixels(replay("moved/out.png"), place / "moved" / "out.png")


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"fast": {"strength": 1.0}}, "older impasto"),
        ({"apply": {"network": "any"}}, "older impasto"),
        ({"recipe": {}}, "no recipe"),
        ({"content": "a.png"}, "no recipe"),
    ],
)
def test_a_provenance_without_a_recipe_is_refused(stored, words) -> None:
    with pytest.raises(RecipeError, match=words):
        provenance_of(stored, Path("x.png"))


@pytest.mark.parametrize(
    "recipe", [{"network": 3}, {"network": "any", "backend": 1}, {"network": "any", "tile": "x"}]
)
def test_a_damaged_network_is_refused(recipe) -> None:
    with pytest.raises(RecipeError, match="damaged"):
        Provenance(Path("x.png"), recipe, {}).open_stylizer()


def test_a_network_that_is_gone_is_named() -> None:
    with pytest.raises(RecipeError, match=r"gone\.safetensors"):
        Provenance(Path("x.png"), {"network": "/gone.safetensors"}, {}).open_stylizer()


def test_damaged_settings_and_styles_are_refused() -> None:
    with pytest.raises(RecipeError):
        _ = Provenance(Path("x.png"), {"network": "any", "strength": "much"}, {}).one_pass_settings
    with pytest.raises(RecipeError, match="names"):
        _ = Provenance(Path("x.png"), {"network": "any", "styles": 3}, {}).trained_styles


def test_a_recipe_and_one_pass_share_settings() -> None:
    settings = one_pass_settings(impasto.make_recipe(strength=0.7, mix=0.25, colors="content", size=300))
    assert settings == impasto.OnePassSettings(
        strength=0.7, stroke=1.0, mix=(0.25, 0.75), colors=1.0, size=300
    )


def test_a_painting_starts_from_the_picture_of_one_pass(place) -> None:
    settings = {"size": 64, "strength": 0.8, "scales": "64:3"}
    recipe = impasto.make_recipe(start="fast", **settings)
    job = open_job(recipe, "photo.png", ["a.png"])
    one_pass = impasto.fast("photo.png", "a.png", size=64, strength=0.8)
    assert torch.equal(impasto.Painter(job).picture(), one_pass.pixels)
    result = impasto.stylize("photo.png", "a.png", start="fast", **settings)
    again = read_provenance(result.save("out.png"))
    assert again.recipe["start"] == "fast"
    assert same_pixels(replay("out.png"), place / "out.png")
    other = impasto.stylize("photo.png", "a.png", start="content", **settings)
    assert not torch.equal(other.pixels, result.pixels)


@pytest.mark.parametrize(
    ("styles", "settings", "guides"),
    [
        (["a.png", "b.png"], {"mix": (0.3,), "strength": 1.5}, {}),
        (["a.png", "b.png"], {"stroke": 3.0}, {"masks": ("left",), "protect": "top"}),
        (["a.png", "b.png"], {"colors": 1.0}, {"masks": ("left",), "style_masks": ("left", "right")}),
        ([], {}, {}),
    ],
)
def test_every_painting_can_start_from_one_pass(place, styles, settings, guides) -> None:
    result = impasto.stylize(
        "photo.png", styles, start="fast", size=64, steps=2, guides=impasto.Guides(**guides), **settings
    )
    assert result.image.size == (64, 48)


def finish(painter: impasto.Painter) -> impasto.Result:
    return next(event.result for event in painter.events() if isinstance(event, Finished))


def test_strength_0_is_the_photograph_and_the_start_comes_in_from_there(place) -> None:
    photo = impasto.read_picture("photo.png", longest=64).pixels
    starts = {
        strength: impasto.Painter(
            open_job(impasto.make_recipe(size=64, steps=1, strength=strength), "photo.png", ["a.png"])
        ).picture()
        for strength in (0.0, 0.25, 0.5)
    }
    assert torch.equal(starts[0.0], photo)
    differences = [float((start - photo).abs().mean()) for start in starts.values()]
    assert differences[0] < differences[1] < differences[2]


def test_jobs_without_both_images_have_the_schedule_of_their_start(place) -> None:
    recipe = impasto.make_recipe(size=64, views=3)
    texture = open_job(recipe, None, ["a.png"]).plan.recipe
    copy_of = open_job(recipe, "photo.png", []).plan.recipe
    assert (texture.start, copy_of.start) == ("style", "noise")
    assert (texture.smooth_steps, texture.scale_steps, texture.views) == (False, (36, 56), 3)


@pytest.mark.parametrize("loss", ["moments", "sliced"])
def test_a_painting_that_started_from_one_pass_is_resumed_bit_for_bit(place, loss) -> None:
    recipe = impasto.make_recipe(start="fast", size=64, scales="64:6", style_loss=loss)
    whole = finish(impasto.Painter(open_job(recipe, "photo.png", ["a.png"])))
    painter = impasto.Painter(open_job(recipe, "photo.png", ["a.png"]), checkpoint_path=Path("run.ckpt"))
    events = painter.events()
    for event in events:
        if isinstance(event, Stepped) and event.total == 3:
            break
    events.close()
    assert torch.equal(finish(impasto.resume("run.ckpt")).pixels, whole.pixels)


def test_a_changed_painting_that_started_from_one_pass_is_resumed_bit_for_bit(place) -> None:
    """The picture to start from is that of the first strength and mix, also when it is painted again."""
    recipe = impasto.make_recipe(size=64, scales="64:8")

    def paint_until(step: int | None) -> impasto.Result | None:
        job = open_job(recipe, "photo.png", ["a.png", "b.png"])
        painter = impasto.Painter(job, checkpoint_path=Path("run.ckpt"))
        events = painter.events()
        for event in events:
            if isinstance(event, Stepped) and event.total == 3:
                painter.change(strength=1.2, mix=(0.8, 0.2))
            if isinstance(event, Stepped) and event.total == step:
                events.close()
                return None
            if isinstance(event, Finished):
                return event.result
        return None

    whole = paint_until(None)
    paint_until(5)
    assert whole is not None
    assert torch.equal(finish(impasto.resume("run.ckpt")).pixels, whole.pixels)


def test_the_start_of_one_pass_needs_both_ways_of_painting(place) -> None:
    from impasto.optimize import open_job as open_optimisation

    with pytest.raises(RecipeError, match="one-pass network"):
        open_optimisation(impasto.make_recipe(start="fast", size=64), "photo.png", ["a.png"])


def test_the_size_is_that_of_the_photograph_up_to_1024(place) -> None:
    assert open_job(impasto.make_recipe(steps=1), "photo.png", ["a.png"]).plan.recipe.size == 80
    large = paint("paper", 1100)
    assert open_job(impasto.make_recipe(steps=1, start="content"), large, ["a.png"]).plan.width == 1024
    assert impasto.fast("photo.png", "a.png").image.width == 80


def test_a_texture_starts_in_the_colours_of_the_style_and_a_reconstruction_from_noise(place) -> None:
    texture = impasto.stylize(None, "a.png", encoder="tiny", size=32, steps=1)
    assert (texture.provenance["recipe"]["start"], texture.image.size) == ("style", (32, 26))
    copy_of = impasto.stylize("photo.png", encoder="tiny", size=32, steps=1)
    assert copy_of.provenance["recipe"]["start"] == "noise"
    assert impasto.stylize("photo.png", "a.png", size=32, steps=1).provenance["recipe"]["start"] == "fast"


def test_a_painting_with_regions_starts_from_one_pass_in_those_regions(place) -> None:
    regions = torch.zeros(1, 3, 60, 80)
    regions[:, 0, :, :40] = 1
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    sizes = [read_picture(name).pixels.shape[2:] for name in ("a.png", "b.png")]
    maps = [scale * red.expand(1, 3, *size) for scale, size in zip((1, 0), sizes, strict=True)]
    guides = impasto.Guides(regions=regions, style_regions=tuple(maps))
    recipe = impasto.make_recipe(size=80, steps=1)
    start = impasto.Painter(open_job(recipe, "photo.png", ["a.png", "b.png"], guides)).picture()
    left = regions[:, :1]
    masked = impasto.fast("photo.png", ["a.png", "b.png"], masks=[left, 1 - left], size=80, strength=0.5)
    assert torch.equal(start, masked.pixels)
