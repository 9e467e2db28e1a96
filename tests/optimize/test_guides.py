"""Masks, regions and protection: what is compared where, and what stays as it was."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import ImpastoError, PictureError, RecipeError
from impasto.guidance import Guides
from impasto.imaging import resize
from impasto.losses import STYLE_LOSSES, StyleTerm
from impasto.optimize import Painter, Preview, make_recipe, open_job
from impasto.optimize.context import RunContext
from impasto.optimize.terms.style import StyleTermBuilder
from impasto.optimize.views import View

from .conftest import finish, job, objectives, picture, style_sum, style_terms

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
ONE_SCALE = {"scales": ((64, 6),), "steps": 6}
FOUR_LAYERS = {**ONE_SCALE, "style_layers": dict.fromkeys(LAYERS, 1.0)}


def box(height: int, width: int, rows: slice, columns: slice) -> torch.Tensor:
    """A mask (1,3,h,w) that is 1 in a rectangle, as a picture."""
    mask = torch.zeros(1, 3, height, width)
    mask[:, :, rows, columns] = 1
    return mask


LEFT = box(48, 64, slice(None), slice(0, 32))
RIGHT = 1 - LEFT


def colour_map(left: tuple[float, ...], right: tuple[float, ...], height: int, width: int) -> torch.Tensor:
    """A map (1,3,h,w) of two halves."""
    found = torch.tensor(left).view(1, 3, 1, 1).repeat(1, 1, height, width)
    found[:, :, :, width // 2 :] = torch.tensor(right).view(1, 3, 1, 1)
    return found


RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def whole(run, image, **which) -> dict[str, float]:
    """The terms of one view at an image."""
    (objective,) = objectives(run, **which).values()
    return objective(image)[1]


def test_a_rectangle_on_the_stride_has_the_statistics_of_the_cropped_features(content, style):
    run = job(content, style, Guides(masks=(box(48, 64, slice(8, 40), slice(16, 56)),)), **FOUR_LAYERS)
    image = picture(48, 64, 5)
    features = run.encoder(image, list(LAYERS))
    for layer, term in style_terms(run).items():
        stride = run.encoder.layers[layer].stride
        cut = features[layer][:, :, 8 // stride : 40 // stride, 16 // stride : 56 // stride]
        expected = term.loss.distance(cut, term.targets[0])
        torch.testing.assert_close(term(features, image), expected.view(1), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("loss", STYLE_LOSSES)
def test_masks_of_all_ones_are_no_masks(loss, content, style):
    plain = job(content, style, style_loss=loss, **ONE_SCALE)
    guides = Guides(masks=(torch.ones(1, 3, 48, 64),), style_masks=(torch.ones(1, 3, 56, 40),))
    masked = job(content, style, guides, style_loss=loss, **ONE_SCALE)
    image = picture(48, 64, 5)
    assert whole(masked, image) == pytest.approx(whole(plain, image), rel=1e-5, abs=1e-6)


def test_one_style_twice_with_complementary_masks_weighs_what_it_weighs_once(content, style):
    once = job(content, style, **ONE_SCALE)
    twice = job(content, [style, style], Guides(masks=("left",)), **ONE_SCALE)
    context = RunContext(twice, torch.device("cpu"))
    targets = StyleTermBuilder(
        context.scale_inputs(twice.plan.scales[0], context.style_weights(0), torch.Generator())
    )
    assert sum(targets.area_fractions) == pytest.approx(1, abs=1e-6)
    assert context.style_weights(0) == (1.0, 1.0)
    single = style_terms(once)
    for layer, term in style_terms(twice).items():
        assert sum(term.weights) == pytest.approx(sum(single[layer].weights), rel=1e-6)
    # A picture whose halves are the same has the same loss with and without masks, up to what edges see.
    half = picture(48, 32, 5)
    same = torch.cat([half, half], dim=3)
    first = {"style_layers": {"relu1_1": 1.0}, **ONE_SCALE}
    halves = whole(job(content, [style, style], Guides(masks=(LEFT,)), **first), same)
    assert style_sum(halves) == pytest.approx(style_sum(whole(job(content, style, **first), same)), rel=0.05)


VIEWS = [
    View(mirrored=True),
    View(transposed=True),
    View(mirrored=True, transposed=True),
    View(top=3, left=5),
    View(top=8, left=1, mirrored=True, transposed=True),
    View(top=16, left=24, wrapped=True, mirrored=True),
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_masked_term_through_a_view_is_the_unseen_one_of_what_the_view_shows(view, content, style):
    guides = Guides(masks=("left",), style_masks=("top", "right"))
    other = picture(40, 44, 3)
    run = job(content, [style, other], guides, **ONE_SCALE)
    image = picture(48, 64, 5)
    seen = whole(run, image, views=[view])
    scale = run.plan.scales[0]
    at = [resize(one, size) for one, size in zip((style, other), scale.styles, strict=True)]
    masks = [
        mask.expand(1, 3, -1, -1) for mask in (region.mask for region in run.pictures.full.placement.regions)
    ]
    sources = [region.style_mask.expand(1, 3, -1, -1) for region in run.pictures.full.placement.regions]
    sized = [resize(mask, size) for mask, size in zip(sources, scale.styles, strict=True)]
    shown = Guides(
        masks=tuple(view.apply(mask) for mask in masks),
        style_masks=tuple(view.orient(mask) for mask in sized),
    )
    size = max(view.apply(image).shape[2:])
    straight = job(
        view.apply(content), [view.orient(art) for art in at], shown, size=size, scales=((size, 1),), steps=1,
        stroke=max(0.5, max(max(s) for s in scale.styles) / size),
    )  # fmt: skip
    assert straight.plan.scales[0].height == view.apply(image).shape[2]
    expected = whole(straight, view.apply(image))
    # Cutting and rolling change what share of the picture a mask is; the values alone are compared.
    for (name, value), term in zip(seen.items(), expected.values(), strict=True):
        if name.startswith("content"):
            assert value == pytest.approx(term, rel=1e-4)
    ours, theirs = style_terms(run, views=[view]), style_terms(straight)
    for layer in LAYERS:
        features = run.encoder(view.apply(image), [layer])
        mine, other_ = (terms[layer](features, image) for terms in (ours, theirs))
        torch.testing.assert_close(mine, other_, rtol=2e-3, atol=1e-5)


def test_mirroring_photo_masks_and_styles_and_swapping_the_styles_mirrors_the_objective(content, style):
    other = picture(56, 40, 3)
    image = picture(48, 64, 5)
    straight = job(content, [style, other], Guides(masks=(LEFT, RIGHT)), **ONE_SCALE)
    turned = job(content.flip(3), [other.flip(3), style.flip(3)], Guides(masks=(LEFT, RIGHT)), **ONE_SCALE)
    (one,), (two,) = (objectives(straight).values(), objectives(turned, views=[View(mirrored=True)]).values())
    loss, parts = one(image)
    mirrored, swapped = two(image.flip(3))
    assert float(mirrored) == pytest.approx(float(loss), rel=1e-5)
    for layer in LAYERS:
        assert swapped[f"style2/{layer}"] == pytest.approx(parts[f"style1/{layer}"], rel=1e-4)
        assert swapped[f"style1/{layer}"] == pytest.approx(parts[f"style2/{layer}"], rel=1e-4)
    # Without swapping it is another objective.
    (wrong,) = objectives(
        job(content.flip(3), [style.flip(3), other.flip(3)], Guides(masks=(LEFT, RIGHT)), **ONE_SCALE),
        views=[View(mirrored=True)],
    ).values()
    assert float(wrong(image.flip(3))[0]) != pytest.approx(float(loss), rel=1e-2)


def test_masks_act_where_they_are(content, style):
    other = picture(56, 40, 3)
    run = job(content, [style, other], Guides(masks=(LEFT,)), style_layers={"relu1_1": 1.0}, **ONE_SCALE)
    image = picture(48, 64, 5)
    before = whole(run, image)
    changed = image.clone()
    changed[:, :, :, 40:] = picture(48, 24, 8)
    after = whole(run, changed)
    assert after["style1/relu1_1"] == before["style1/relu1_1"]
    assert after["style2/relu1_1"] != pytest.approx(before["style2/relu1_1"], rel=1e-3)


def test_a_style_mask_measures_the_masked_part_of_the_style(content):
    art = picture(64, 64, 2)
    part = box(64, 64, slice(0, 64), slice(16, 48))
    run = job(content, art, Guides(style_masks=(part,)), **FOUR_LAYERS)
    features = run.encoder(art, list(LAYERS))
    for layer, term in style_terms(run).items():
        stride = run.encoder.layers[layer].stride
        expected = term.loss.measure(features[layer][:, :, :, 16 // stride : 48 // stride])
        torch.testing.assert_close(term.targets[0].mean, expected.mean, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(term.targets[0].second, expected.second, rtol=1e-5, atol=1e-6)


def test_regions_of_two_colours_and_two_styles(content):
    arts = [picture(64, 64, 2), picture(64, 64, 3)]
    first = colour_map(RED, BLUE, 64, 64)  # the first style has both colours, the second only blue
    second = colour_map(BLUE, BLUE, 64, 64)
    guides = Guides(regions=colour_map(BLUE, RED, 48, 64), style_regions=(first, second))
    run = job(content, arts, guides, **FOUR_LAYERS)
    image = picture(48, 64, 5)
    features = run.encoder(image, list(LAYERS))
    of_styles = [run.encoder(art, list(LAYERS)) for art in arts]
    for layer, term in style_terms(run).items():
        stride = run.encoder.layers[layer].stride
        seen, half = features[layer], 32 // stride
        left, right = seen[..., :half], seen[..., half:]
        ours, theirs = of_styles[0][layer], of_styles[1][layer]
        weight = run.plan.recipe.style_weight * run.plan.recipe.style_layers[layer]
        loss = term.loss
        # Blue is the left of the photograph, where both styles meet; red its right, of the first style alone.
        expected = {
            (0.25, float(loss.distance(left, loss.measure(ours[..., half:])))),
            (0.25, float(loss.distance(left, loss.measure(theirs)))),
            (0.5, float(loss.distance(right, loss.measure(ours[..., :half])))),
        }
        found = zip(term.weights, term(features, image).tolist(), strict=True)
        for (share, value), (expect, distance) in zip(sorted(found), sorted(expected), strict=True):
            assert share == pytest.approx(expect * weight)
            assert value == pytest.approx(distance, rel=1e-4)
    result = finish(Painter(job(content, arts, guides, scales=((64, 25),), steps=25)))
    assert len(result.improvements) == 2
    assert all(ratio > 1.2 for ratio in result.improvements)


PROTECT = box(48, 64, slice(0, 48), slice(0, 36))
PROTECTED = {
    "plain": {},
    "noise": {"start": "noise"},
    "luminance": {"colors": 0.6},
    "all colours": {"colors": 1.0},
    "matched": {"colors": 1.0, "color_method": "pca"},
    "above the base": {"base": 32, "anchor": 100.0, "start": "noise"},
    "average": {"ema_decay": 0.8, "views": 4},
    "unclamped": {"clamp": False},
}


@pytest.mark.parametrize("name", PROTECTED)
def test_the_photograph_stays_exactly_where_it_is_protected(name, content, style):
    painter = Painter(job(content, style, Guides(protect=PROTECT), **PROTECTED[name]), preview_every=12)
    previews = []
    for event in painter.events():
        if isinstance(event, Preview):
            previews.append(event.pixels)
    result = painter.result()
    for shown in (result.pixels, previews[-1]):
        assert torch.equal(shown[..., :36], content[..., :36])
        assert not torch.allclose(shown[..., 36:], content[..., 36:], atol=0.02)


def test_a_soft_protection_mixes_photograph_and_painting(content, style):
    grey = torch.full((1, 3, 48, 64), 0.25)
    free = job(content, style, Guides(protect=grey), **ONE_SCALE)
    painter = Painter(free)
    result = finish(painter)
    torch.testing.assert_close(result.pixels, 0.75 * painter.state.picture() + 0.25 * content)


def test_what_is_protected_has_no_part_in_the_comparison(content, style):
    settings = {
        "style_layers": {"relu1_1": 1.0, "relu2_1": 1.0},
        "content_layers": {"relu2_1": 1.0},
        **ONE_SCALE,
    }
    changed = content.clone()
    changed[..., :20] = picture(48, 20, 8)  # 16 pixels from what may be painted
    one, two = (job(photo, style, Guides(protect=PROTECT), **settings) for photo in (content, changed))
    image = picture(48, 64, 5)
    assert whole(one, image) == whole(two, image)
    ours, theirs = style_terms(one), style_terms(two)
    assert all(ours[layer].weights == theirs[layer].weights for layer in ours)
    # Without protection, or closer, it matters.
    changed[..., 40:] = picture(48, 24, 8)
    assert whole(job(changed, style, Guides(protect=PROTECT), **settings), image) != whole(one, image)


def test_the_image_under_the_protection_has_no_gradient_and_no_part(content, style):
    (objective,) = objectives(job(content, style, Guides(protect=PROTECT), **ONE_SCALE)).values()
    image = picture(48, 64, 5).requires_grad_()
    loss, parts = objective(image)
    (slope,) = torch.autograd.grad(loss, image)
    assert not slope[..., :36].any()
    assert slope[..., 36:].abs().min() > 0
    other = image.detach().clone()
    other[..., :36] = 0
    assert objective(other)[1] == parts


TINY = {
    "corner": box(60, 60, slice(0, 4), slice(0, 4)),
    "last columns": box(60, 60, slice(0, 60), slice(57, 60)),
    "last row": box(60, 60, slice(59, 60), slice(0, 60)),
}


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize(
    "use", ["mask", "style mask", "mixed style mask", "open", "mixed open", "nothing else"]
)
def test_tiny_regions_that_coarse_layers_or_views_do_not_see_are_painted_without_trouble(name, use):
    photo, arts, region = picture(60, 60, 1), [picture(60, 60, 2), picture(60, 60, 3)], TINY[name]
    guides = {
        "mask": Guides(masks=(region,)),
        "style mask": Guides(style_masks=(region,)),
        "mixed style mask": Guides(style_masks=(region, region)),
    }.get(use, Guides(protect=1 - region))
    blend = "statistics" if use.startswith("mixed") else "losses"
    layers = (
        {"content_layers": {"relu4_1": 1.0}, "style_layers": {"relu4_1": 1.0}}
        if use == "nothing else"
        else {}
    )
    run = job(photo, arts, guides, size=60, blend=blend, views=8, hold=True, **layers)
    result = finish(Painter(run))
    assert bool(torch.isfinite(result.pixels).all())
    if use == "mask":
        terms = style_terms(run)
        assert any(name.startswith("style1") for name in terms["relu1_1"].names)
        if name == "last row":
            assert not any(name.startswith("style1") for name in terms["relu4_1"].names)


def test_a_texture_takes_masks_and_regions(style):
    arts = [style, picture(40, 44, 3)]
    masks = Guides(masks=("left",))
    maps = Guides(
        regions=colour_map(RED, BLUE, 48, 64),
        style_regions=(colour_map(RED, RED, 56, 40), colour_map(BLUE, BLUE, 40, 44)),
    )
    for guides in (masks, maps):
        run = job(None, arts, guides, aspect=64 / 48, start="noise", **ONE_SCALE)
        assert run.plan.height == 48
        result = finish(Painter(run))
        assert result.losses[-1] < result.losses[0]


BAD = {
    "two masks for one style": (1, Guides(masks=("left", "right"))),
    "all protected": (1, Guides(protect=torch.ones(1, 3, 48, 64))),
    "black style mask": (1, Guides(style_masks=(torch.zeros(1, 3, 56, 40),))),
    "style masks": (1, Guides(style_masks=("left", "right"))),
    "maps of styles alone": (1, Guides(style_regions=(colour_map(RED, BLUE, 56, 40),))),
    "both": (1, Guides(masks=("left",), regions=colour_map(RED, BLUE, 48, 64), style_regions=("left",))),
    "missing": (1, Guides(masks=("nowhere.png",))),
    "no styles": (0, Guides(masks=("left",))),
}


@pytest.mark.parametrize("name", BAD)
def test_guides_that_do_not_fit_are_one_sentence(name, content, style):
    count, guides = BAD[name]
    with pytest.raises(ImpastoError) as caught:
        job(content, [style] * count, guides)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, PictureError | RecipeError)


def test_protection_needs_a_photograph_and_masks_the_losses(content, style):
    with pytest.raises(RecipeError, match="content image"):
        job(None, style, Guides(protect="left"))
    for field, value in (("share", "layers"), ("blend", "statistics")):
        with pytest.raises(RecipeError, match=value):
            job(content, [style, style], Guides(masks=("left",)), **{field: value})


def test_guides_survive_json():
    guides = Guides(masks=("left", "right"), protect="centre", style_masks=("top",))
    assert Guides.from_json(guides.to_json()) == guides
    assert Guides.from_json({}) == Guides()
    for stored in ({"mask": ["left"]}, ["left"], {"masks": "left"}, {"protect": ["left"]}, {"regions": 3}):
        with pytest.raises(RecipeError):
            Guides.from_json(stored)


def test_a_run_stores_its_guides_and_goes_on_from_a_checkpoint(content, style, tmp_path):
    from impasto.imaging import write_picture
    from impasto.optimize import Stepped
    from impasto.painting import resume

    files = [write_picture(tmp_path / f"{name}.png", p) for name, p in (("photo", content), ("art", style))]
    mask = write_picture(tmp_path / "mask.png", LEFT)
    guides = Guides(masks=(mask,), protect="top")
    recipe = make_recipe(encoder="tiny", size=64, precision="float32", steps=8, smallest=32, start="content")
    run = open_job(recipe, files[0], [files[1], files[1]], guides)
    whole_run = finish(Painter(run))
    assert Guides.from_json(whole_run.provenance["guides"]) == Guides(masks=(str(mask),), protect="top")
    path = tmp_path / "run.checkpoint"
    stream = Painter(open_job(recipe, files[0], [files[1], files[1]], guides), checkpoint_path=path).events()
    for event in stream:
        if isinstance(event, Stepped) and event.total == 5:
            break
    stream.close()
    assert torch.equal(finish(resume(path)).pixels, whole_run.pixels)


def test_terms_of_regions_are_named_after_their_style(content):
    arts = [picture(64, 64, 2), picture(64, 64, 3)]
    maps = (colour_map(RED, BLUE, 64, 64), colour_map(BLUE, RED, 64, 64))
    guides = Guides(regions=colour_map(RED, BLUE, 48, 64), style_regions=maps)
    (objective,) = objectives(job(content, arts, guides, **ONE_SCALE)).values()
    term = next(term for term in objective.terms if isinstance(term, StyleTerm))
    assert sorted(term.names) == [
        "style1/relu1_1", "style1/relu1_1/2", "style2/relu1_1", "style2/relu1_1/2",
    ]  # fmt: skip
