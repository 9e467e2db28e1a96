"""Tiles: the gradient and the run of a tiled picture equal those of the whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from impasto.encoders import ENCODERS, open_encoder
from impasto.encoders.halo import Halo, halo_of
from impasto.errors import RecipeError, ResumeError
from impasto.guidance import Guides
from impasto.imaging import resize, scratch
from impasto.losses import CONTENT_LOSSES, STYLE_LOSSES, VARIATIONS, content
from impasto.losses.bands import band_ranges, cut_band, resizing_matrix
from impasto.losses.content import content_scale
from impasto.losses.gram_normalisations import GRAM_NORMALISATIONS
from impasto.losses.tiled import style_loss_tiles
from impasto.losses.variation import total_variation
from impasto.optimize import Finished, Painter, Stepped, checkpoint, make_recipe, plan_only
from impasto.optimize.checkpoint import read_checkpoint
from impasto.optimize.memory import place_tiles
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.optimize.tiles import encode
from impasto.optimize.tiles import objective as tiled_objective
from impasto.optimize.tiles.encode import encode_tiled
from impasto.optimize.tiles.grid import make_grid
from impasto.optimize.views import View

from .conftest import finish, job, objectives, picture

# No number divides these.
SIZE = (211, 307)
GAINS = {"content": 0.7, "style2": 1.3}
RECIPE = {
    "size": 307, "scales": ((307, 1),), "steps": 1, "views": 1, "content_layers": {"relu2_1": 0.5, "relu4_1": 1.0},
    "style_layers": {"relu1_1": 1.0, "relu3_1": 0.7, "relu5_1": 0.5}, "variation_weight": 0.3,
}  # fmt: skip
CASES = {
    **{f"style loss {name}": {"style_loss": name} for name in STYLE_LOSSES if style_loss_tiles(name)},
    **{f"gram {name}": {"style_loss": "gram", "gram": name} for name in GRAM_NORMALISATIONS},
    **{f"content loss {name}": {"content_loss": name} for name in CONTENT_LOSSES},
    **{f"variation {name}": {"variation": name} for name in VARIATIONS},
    "value range": {"value_range_weight": 3.0},
    "no style": {"style_layers": {}},
    "colours": {"colors": 0.6},
    "statistics": {"blend": "statistics"},
    "views": {"views": 8},
}


@pytest.fixture(autouse=True)
def _small_bands(monkeypatch):
    monkeypatch.setattr(tiled_objective, "BAND_PIXELS", 307 * 50)


def gradient(objective, image):
    leaf = image.clone().requires_grad_()
    loss, terms = objective.evaluate(leaf, GAINS)
    return float(loss), terms, leaf.grad


def compare(whole, tiled, image):
    """Both objectives agree at ``image``: the gradient to 1e-5 of its size, and every term."""
    loss, terms, expected = gradient(whole, image)
    found_loss, found_terms, found = gradient(tiled, image)
    assert found_loss == pytest.approx(loss, rel=1e-5)
    assert found_terms == pytest.approx(terms, rel=2e-5, abs=1e-9)
    assert float((found - expected).norm() / expected.norm()) < 1e-5
    assert tiled(image, GAINS)[1] == pytest.approx(terms, rel=2e-5, abs=1e-9)


def both(guides=None, styles=1, **recipe):
    """The objectives of all views of the same run, whole and in tiles."""
    photo, arts = picture(*SIZE, 1), [picture(190 + 7 * n, 173, 2 + n) for n in range(styles)]
    found = []
    for tile in (None, 128):
        run = job(photo, arts, guides, **{**RECIPE, **recipe}, tile=tile)
        scale = run.plan.scales[0]
        assert (scale.tile, scale.height, scale.width) == (tile, *SIZE)
        found.append(objectives(run, list(views_of(run))))
    return found


def views_of(run):
    from impasto.optimize.context import RunContext

    return RunContext(run, torch.device("cpu")).views(run.plan.scales[0])


@pytest.mark.parametrize("name", CASES)
def test_the_tiled_gradient_is_that_of_the_whole(name):
    recipe = CASES[name]
    image = picture(*SIZE, 9) * 1.2 - 0.1
    whole, tiled = both(styles=2 if "blend" in recipe or "views" in recipe else 1, **recipe)
    assert len(whole) == recipe.get("views", 1)
    for view in list(whole)[:4]:
        compare(whole[view], tiled[view], image)


@pytest.mark.parametrize(
    ("guides", "styles"),
    [
        (Guides(masks=("left",)), 2),
        (Guides(masks=("left", "right"), style_masks=("top", "left")), 2),
        (Guides(masks=("left",), protect="centre"), 2),
        (Guides(protect="right"), 1),
    ],
)
def test_masks_and_protection(guides, styles):
    whole, tiled = both(guides, styles, views=3)
    image = picture(*SIZE, 9)
    for view in whole:
        compare(whole[view], tiled[view], image)


@pytest.mark.parametrize("kept", [0, 1, 3, 100])
def test_tiles_that_keep_their_activations_give_the_same(kept):
    whole, tiled = both()
    (expected,), (found,) = whole.values(), tiled.values()
    found.kept = kept
    compare(expected, found, picture(*SIZE, 9))


def test_a_seamless_texture():
    found = []
    for tile in (None, 128):
        run = job(None, picture(190, 173, 2), size=307, scales=((307, 1),), steps=1, seamless=True, start="style",
                  aspect=307 / 211, tile=tile)  # fmt: skip
        found.append(objectives(run, list(views_of(run))[:5]))
    for view in found[0]:
        compare(found[0][view], found[1][view], picture(*SIZE, 9))


@pytest.mark.parametrize("term", ["anchor", "layout"])
def test_ties_to_smaller_images(term):
    fields = {"size": 307, "scales": ((128, 1), (307, 1)), "steps": 2, "views": 1,
              "anchor": 50.0, "layout": 80.0, "start": "content",
              "base": 128 if term == "anchor" else None}  # fmt: skip
    photo, art = picture(*SIZE, 1), picture(190, 173, 2)
    # Away from 0 and 1, where the clamp after resizing has a kink.
    image = 0.1 + 0.8 * picture(*SIZE, 9)
    from impasto.optimize.build import build_objectives
    from impasto.optimize.context import RunContext

    found = []
    for tile in (None, 128):
        run = job(photo, art, **fields, tile=tile)
        context = RunContext(run, torch.device("cpu"))
        base = picture(88, 128, 4) if term == "anchor" else None
        inputs = context.scale_inputs(run.plan.scales[-1], (1.0,), torch.Generator(), base)
        if term == "layout":
            inputs = replace(inputs, pictures=replace(inputs.pictures, start=picture(*SIZE, 5)))
        (objective,) = build_objectives(inputs, run.term_factories).values()
        assert term in objective.names
        found.append(objective)
    compare(*found, image)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_tiled_run_is_an_untiled_one(optimizer):
    photo, art = picture(*SIZE, 1), picture(190, 173, 2)
    # The line search of L-BFGS enlarges rounding errors within two steps.
    scales = ((307, 1),) if OPTIMIZERS[optimizer].needs_fixed_objective else ((150, 2), (307, 3))
    fields = {"size": 307, "scales": scales, "steps": None, "optimizer": optimizer, "views": 1}
    whole = finish(Painter(job(photo, art, **fields)))
    tiled = finish(Painter(job(photo, art, **fields, tile=128)))
    assert tiled.losses == pytest.approx(whole.losses, rel=1e-3)
    assert float((tiled.pixels - whole.pixels).abs().mean()) < 2e-4
    assert tiled.provenance["recipe"]["tile"] == 128


def test_what_cannot_be_tiled_is_refused_by_name():
    for loss in (name for name in STYLE_LOSSES if not style_loss_tiles(name)):
        with pytest.raises(RecipeError, match=loss):
            job(picture(*SIZE, 1), picture(190, 173, 2), **RECIPE, style_loss=loss, tile=128)


def test_small_pictures_have_no_tiles():
    run = job(picture(100, 90, 1), picture(100, 80, 2), size=100, tile=128, steps=2)
    assert all(scale.tile is None for scale in run.plan.scales)


def test_a_large_picture_takes_four_gigabytes_however_much_is_free():
    plan = plan_only(make_recipe(size=12_247), picture(*SIZE, 1), [picture(190, 173, 2)])
    assert plan.memory < 4e9
    assert plan.scales[-1].tile is not None


def test_the_plan_tiles_what_does_not_fit_otherwise():
    run = job(picture(*SIZE, 1), picture(190, 173, 2), **{**RECIPE, "size": 4096, "scales": ((4096, 1),)})
    (scale,) = run.plan.scales
    layers = ["relu1_1", "relu5_1"]
    assert place_tiles(run.plan.recipe, run.encoder, scale, layers, 1 << 50).tile is None
    small = place_tiles(run.plan.recipe, run.encoder, scale, layers, 3 << 30)
    assert small.tile is not None
    assert small.tile < 4096
    random = run.plan.recipe.model_copy(update={"style_loss": "sliced"})
    assert place_tiles(random, run.encoder, scale, layers, 3 << 30).tile is None


SMALL_ENCODERS = ["tiny", "compact"]


@pytest.mark.parametrize("name", SMALL_ENCODERS)
@pytest.mark.parametrize("pooling", ["max", "average", "l2"])
def test_features_in_tiles_are_those_of_the_whole(name, pooling):
    assert name in ENCODERS
    if name != "tiny" and pooling != "max":
        pytest.skip("only a VGG has another pooling")
    encoder = open_encoder(name, pooling=pooling)
    layers = ["relu1_1", "relu2_1", "relu4_1", "relu5_1"]
    image = picture(*SIZE, 3)
    whole, tiled = encoder(image, layers), encode_tiled(encoder, image, layers, 128)
    for layer in layers:
        assert torch.allclose(tiled[layer], whole[layer], atol=1e-5), layer


@pytest.mark.parametrize("view", [View(3, 5, True, True), View(7, 0, True), View(90, 31, True, True, True)])
def test_features_in_tiles_through_a_view_are_those_of_the_whole(view):
    encoder, layers = open_encoder("tiny"), ["relu1_1", "relu4_1"]
    image = picture(*SIZE, 3)
    whole, tiled = encoder(view.apply(image), layers), encode_tiled(encoder, image, layers, 64, view)
    for layer in layers:
        assert torch.allclose(tiled[layer], whole[layer], atol=1e-5), layer


def test_targets_in_files_change_the_gradient_by_less_than_a_thousandth(monkeypatch):
    run = job(picture(*SIZE, 1), picture(190, 173, 2), **RECIPE, tile=128)
    image = picture(*SIZE, 4)

    def gradient():
        ((_, objective),) = objectives(run, list(views_of(run))).items()
        changed = image.clone().requires_grad_()
        objective.evaluate(changed)
        return changed.grad

    exact = gradient()
    monkeypatch.setattr(scratch, "LEAST_BYTES", 100_000)
    assert 0 < (gradient() - exact).norm() / exact.norm() < 1e-3


def test_the_halo_is_what_the_layers_see():
    tiny = open_encoder("tiny")
    # One 3x3 convolution sees one pixel; relu2_1 one more at stride 2.
    assert halo_of(tiny, ["relu1_1"]) == Halo(1, 1)
    assert halo_of(tiny, ["relu2_1"]) == Halo(2, 4)


@pytest.mark.parametrize("size", [(211, 307), (64, 1000), (129, 129), (2000, 65)])
@pytest.mark.parametrize("side", [64, 128, 500])
def test_cores_cover_an_image_once(size, side):
    grid = make_grid(*size, side, Halo(16, 48))
    for stride in (1, 2, 16):
        count = torch.zeros(size[0] // stride, size[1] // stride)
        for tile in grid.tiles:
            count[tile.rows.positions(stride, size[0]), tile.columns.positions(stride, size[1])] += 1
            assert tile.rows.low % 16 == 0
            assert tile.rows.stop - tile.rows.start >= 16
        assert (count == 1).all()


@pytest.mark.parametrize("form", VARIATIONS)
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_bands_add_up_to_the_variation(form, rows):
    image = picture(23, 17, 3)
    band = VARIATIONS[form].load_band()
    values = [band(cut_band(image, first, last)) for first, last in band_ranges(23, 17, rows * 17)]
    assert float(sum(values)) == pytest.approx(float(total_variation(image, form)), rel=1e-5)


@pytest.mark.parametrize(("size", "smaller"), [(97, 13), (97, 96), (64, 32), (40, 40), (31, 77)])
def test_the_resizing_matrix_is_what_resize_does(size, smaller):
    image = picture(size, 8, 3)
    expected = resize(image, (smaller, 8)) if size != smaller else image
    assert torch.allclose((resizing_matrix(size, smaller) @ image).clamp(0, 1), expected, atol=2e-6)


def test_a_tile_is_at_least_128_pixels():
    with pytest.raises(RecipeError, match="tile"):
        make_recipe(tile=50)


@pytest.mark.parametrize(
    "recipe", [{}, {"smooth_steps": False, "pixel_units": "byte"}, {"ema_decay": 0.9}], ids=str
)
def test_state_in_files_changes_no_bit(monkeypatch, tmp_path, recipe):
    monkeypatch.setattr(encode, "is_large", lambda size: False)  # targets in files are rounded
    photo, art = picture(*SIZE, 1), picture(190, 90, 2)
    fields = {"size": 307, "scales": ((307, 4),), "steps": None, "views": 1, "tile": 128, **recipe}
    expected = finish(Painter(job(photo, art, **fields)))
    # Everything of the size of the picture is large, not what is smaller.
    monkeypatch.setattr(scratch, "LEAST_BYTES", 700_000)
    monkeypatch.setenv(scratch.FOLDER_VARIABLE, str(tmp_path))
    found = finish(Painter(job(photo, art, **fields)))
    assert found.losses == expected.losses
    assert torch.equal(found.pixels, expected.pixels)


def test_a_run_in_files_resumes_with_the_same_bits(monkeypatch, tmp_path):
    photo, art = picture(*SIZE, 1), picture(190, 90, 2)
    fields = {"size": 307, "scales": ((307, 4),), "steps": None, "views": 1, "tile": 128, "ema_decay": 0.9}
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(scratch, "LEAST_BYTES", 700_000)
    monkeypatch.setenv(scratch.FOLDER_VARIABLE, str(tmp_path / "scratch"))
    monkeypatch.setattr(checkpoint, "SAVE_SHARE", 0)  # after every step
    painting = job(photo, art, **fields)
    path = tmp_path / "run.checkpoint"
    painter = Painter(painting, checkpoint_path=path, checkpoint_seconds=0)
    for event in painter.events():
        if isinstance(event, Stepped) and event.step == 3:
            state = path.read_bytes()  # as if the process had been killed in the third step, after the second
        if isinstance(event, Finished):
            expected = event.result
    path.write_bytes(state)
    resumed = Painter(painting, resume_from=read_checkpoint(path))
    assert resumed.state.steps_done == 2
    found = finish(resumed)
    assert found.losses == expected.losses
    assert torch.equal(found.pixels, expected.pixels)
    path.write_bytes(state[:-1000])
    with pytest.raises(ResumeError, match="damaged"):
        read_checkpoint(path)


def test_state_in_files_is_resized_up_to_rounding(monkeypatch, tmp_path):
    monkeypatch.setattr(encode, "is_large", lambda size: False)
    photo, art = picture(*SIZE, 1), picture(190, 173, 2)
    fields = {"size": 307, "scales": ((200, 2), (307, 3)), "steps": None, "views": 1, "tile": 128}
    expected = finish(Painter(job(photo, art, **fields)))
    monkeypatch.setattr(scratch, "LEAST_BYTES", 300_000)
    monkeypatch.setenv(scratch.FOLDER_VARIABLE, str(tmp_path))
    found = finish(Painter(job(photo, art, **fields)))
    assert found.losses == pytest.approx(expected.losses, rel=1e-4)
    # Adam divides by the gradient's size, so where that is 0 rounding decides the direction of a step.
    assert (found.pixels - expected.pixels).abs().mean() < 1e-5


@pytest.mark.parametrize("masked", [False, True])
def test_the_scale_of_large_features_is_that_of_small_ones(monkeypatch, masked):
    features = picture(61, 47, 3).repeat(2, 2, 1, 1) * torch.arange(1.0, 7.0).view(1, 6, 1, 1)
    mask = picture(61, 47, 4)[:, :1] if masked else None
    expected = content_scale(features, "variance", mask)
    monkeypatch.setattr(content, "LARGEST_WHOLE", 5000)
    assert torch.allclose(content_scale(features, "variance", mask), expected, rtol=1e-5)
