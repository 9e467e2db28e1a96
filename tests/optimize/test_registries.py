"""A new loss, term or optimiser needs one class and one registry entry; the painter follows the entries."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

import impasto
from impasto.cli.options import recipe_parameters
from impasto.errors import RecipeError
from impasto.losses import (
    CONTENT_LOSSES,
    GRAM_NORMALISATION,
    STYLE_LOSSES,
    VARIATIONS,
    MomentLoss,
    StyleLossEntry,
    VariationEntry,
)
from impasto.losses.statistics import MomentSums, combine
from impasto.optimize import (
    DEFAULT_TERMS,
    OPTIMIZERS,
    OptimizerEntry,
    Painter,
    ScaleInputs,
    Stepped,
    make_recipe,
    open_job,
)
from impasto.optimize.optimizers import Adam
from impasto.optimize.recipe import Recipe
from impasto.optimize.views import View

from .conftest import finish, job
from .test_engine import VARIANTS

REGISTERED = {
    "style_loss": STYLE_LOSSES,
    "content_loss": CONTENT_LOSSES,
    "variation": VARIATIONS,
    "optimizer": OPTIMIZERS,
    "gram": GRAM_NORMALISATION.choices,
}


@pytest.mark.parametrize("field", REGISTERED)
def test_allowed_values_options_and_schema_come_from_the_registry(field: str) -> None:
    names = list(REGISTERED[field])
    assert Recipe.model_json_schema()["properties"][field]["enum"] == names
    (option,) = (p for p in recipe_parameters() if p.name == field)
    assert all(repr(name) in repr(option.annotation) for name in names)
    with pytest.raises(RecipeError, match=names[-1]):
        make_recipe(**{field: "nothing"})


class MeanLoss(MomentLoss[Tensor]):
    """Squared distance of the mean features."""

    name = "means"

    def from_sums(self, sums: MomentSums) -> Tensor:
        return sums.moments().mean

    def compare(self, measured: Tensor, target: Tensor) -> Tensor:
        return (measured - target).square().mean()

    def average_targets(self, targets, weights):
        return combine(targets, weights)


@pytest.fixture
def means() -> Iterator[None]:
    STYLE_LOSSES.register(StyleLossEntry(name="means", implementation=MeanLoss))
    yield
    STYLE_LOSSES.unregister("means")


@pytest.mark.usefixtures("means")
def test_a_new_style_loss_paints(content, style) -> None:
    arguments = {"encoder": "tiny", "size": 48, "precision": "float32", "steps": 8, "hold": False}
    result = impasto.stylize(content, style, style_loss="means", strength=2.0, **arguments)
    assert result.losses[-1] < result.losses[0]
    assert "means" in Recipe.model_json_schema()["properties"]["style_loss"]["enum"]
    (option,) = (p for p in recipe_parameters() if p.name == "style_loss")
    assert "'means'" in repr(option.annotation)
    json.dumps(result.provenance)


def test_a_removed_loss_is_refused() -> None:
    with pytest.raises(RecipeError, match="style_loss is 'means'"):
        make_recipe(style_loss="means")
    with pytest.raises(ValueError, match="registered already"):
        STYLE_LOSSES.register(StyleLossEntry(name="gram", implementation=MeanLoss))


def test_a_new_total_variation_paints(content, style) -> None:
    VARIATIONS.register(
        VariationEntry(name="rows", implementation=lambda x: (x[..., 1:, :] - x[..., :-1, :]).abs().mean())
    )
    try:
        result = finish(Painter(job(content, style, variation="rows", variation_weight=5.0)))
    finally:
        VARIATIONS.unregister("rows")
    assert result.losses[-1] < result.losses[0]


@dataclass(frozen=True, eq=False)
class Brightness:
    """The distance of the mean brightness from a value."""

    value: float
    names = ("brightness",)
    weights = (2.0,)
    layer = None

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:
        return (image.mean() - self.value).square().view(1)


def brightness_terms(inputs: ScaleInputs):
    term = Brightness(float(inputs.content.mean()) / 2)

    def terms(view: View) -> list[Brightness]:
        return [term]

    return terms


def test_a_term_of_another_factory_takes_part(content, style) -> None:
    recipe = make_recipe(encoder="tiny", size=48, precision="float32", steps=8, start="content")
    with_term = open_job(recipe, content, [style], term_factories=(*DEFAULT_TERMS, brightness_terms))
    steps = [event for event in Painter(with_term).events() if isinstance(event, Stepped)]
    assert all("brightness" in step.terms for step in steps)
    assert steps[-1].terms["brightness"] < steps[0].terms["brightness"]
    assert steps[0].loss == pytest.approx(sum(steps[0].terms.values()), rel=1e-5)
    plain = Painter(open_job(recipe, content, [style]))
    assert all("brightness" not in e.terms for e in plain.events() if isinstance(e, Stepped))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimiser_does_what_it_declares(name: str, content, style) -> None:
    entry = OPTIMIZERS[name]
    recipe = make_recipe(optimizer=name)
    if name != make_recipe().optimizer:
        assert {field: getattr(recipe, field) for field in entry.defaults} == entry.defaults
    image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)).requires_grad_(True)
    optimizer = entry.create(image, recipe)

    def evaluate():
        image.grad = None
        loss = (image - 0.25).square().sum()
        loss.backward()
        return loss.detach(), {"square": float(loss.detach())}

    losses = [float(optimizer.step(evaluate, 0.05)[0]) for _ in range(5)]
    assert losses[-1] < losses[0]
    assert losses == sorted(losses, reverse=True)

    entry.create(image, recipe).load_state_dict(copy.deepcopy(optimizer.state_dict()))
    optimizer.objective_changed()
    larger = entry.create(torch.rand(1, 3, 16, 16, requires_grad=True), recipe)
    if entry.carries_state:
        larger.carry_from(optimizer)
    else:
        with pytest.raises(NotImplementedError):
            larger.carry_from(optimizer)
    run = job(content, style, optimizer=name, **dict(entry.defaults))
    assert run.plan.memory > 0
    result = finish(Painter(run))
    assert result.losses[-1] < result.losses[0]


UNSTEADY = {
    "hold": {"hold": True},
    "views": {"views": 4},
    "seamless": {"seamless": True},
    "random": {"style_loss": next(name for name, loss in STYLE_LOSSES.items() if loss.random)},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("change", UNSTEADY)
def test_a_fixed_objective_excludes_what_changes_it(name: str, change: str) -> None:
    entry = OPTIMIZERS[name]
    if entry.needs_fixed_objective:
        with pytest.raises(RecipeError, match=f"{entry.label} needs a fixed objective"):
            make_recipe(optimizer=name, **UNSTEADY[change])
    else:
        make_recipe(optimizer=name, **UNSTEADY[change])


def test_a_new_optimiser_paints(content, style) -> None:
    class SignDescent(Adam):
        """Steps along the sign of the gradient."""

        def step(self, evaluate, learning_rate):
            evaluation = evaluate()
            with torch.no_grad():
                self.image.sub_(self.image.grad.sign(), alpha=learning_rate)
            return evaluation

    OPTIMIZERS.register(
        OptimizerEntry(name="sign", implementation=SignDescent, label="sign descent", settings=("betas",))
    )
    try:
        result = finish(Painter(job(content, style, optimizer="sign", learning_rate=0.005)))
    finally:
        OPTIMIZERS.unregister("sign")
    assert result.losses[-1] < result.losses[0]


def test_registries_and_recipes_do_not_import_torch() -> None:
    code = (
        "import sys, impasto.optimize.recipe, impasto.losses, impasto.optimize.optimizers as o;"
        "from impasto.losses import STYLE_LOSSES; list(STYLE_LOSSES.items()), list(o.OPTIMIZERS.items());"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_loss_and_optimiser_is_among_the_variants() -> None:
    for field, registry in (("style_loss", STYLE_LOSSES), ("optimizer", OPTIMIZERS)):
        default = getattr(make_recipe(), field)
        used = {settings.get(field, default) for settings in VARIANTS.values()}
        assert used == set(registry)
