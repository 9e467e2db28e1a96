"""Measures against closed forms, and with two styles."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from impasto.encoders import open_encoder
from impasto.errors import RecipeError
from impasto.lab import PaintCell
from impasto.lab.measures import MEASURES, measure, measure_input
from impasto.lab.paint import open_cell, paint, recipe_of
from impasto.losses import content_loss

from .conftest import SMALL
from .test_run import go


def painted(cell, laboratory):
    """Paint a cell and return the input of its measures."""
    job = open_cell(cell, recipe_of(cell, laboratory.setting), laboratory.pictures)
    run = paint(job)
    while True:
        try:
            next(run)
        except StopIteration as end:
            result = end.value
            break
    content = laboratory.pictures.content.pixels if cell.content else None
    styles = [laboratory.pictures.styles[i].pixels for i in cell.styles]
    return measure_input(result, content, styles, job.encoder, open_encoder("tiny"))


def test_content_error_is_the_loss_of_start_and_end(laboratory) -> None:
    cell = PaintCell({}, {"content_layers": {"relu2_1": 1.0}, "start": "noise", "scales": ((32, 3),),
                     "precision": "float32"}, styles=())  # fmt: skip
    data = painted(cell, laboratory)
    found = measure(["content_error"], data)
    encoder = open_encoder("tiny")
    target = encoder(data.content, ["relu2_1"])["relu2_1"]
    for name, picture in (("error at start", data.run.start), ("error", data.output)):
        assert found[name] == pytest.approx(
            content_loss(encoder(picture, ["relu2_1"])["relu2_1"], target, "variance").item(), rel=1e-4
        )
    assert found["error fell"] == pytest.approx(found["error at start"] / found["error"])
    assert found["error fell"] > 1


def test_the_style_itself_has_no_distance(laboratory) -> None:
    cell = PaintCell({}, {"scales": ((32, 1),)}, content=False)
    data = painted(cell, laboratory)
    art = laboratory.pictures.styles[0].pixels
    same = dataclasses.replace(data, run=dataclasses.replace(
        data.run, result=dataclasses.replace(data.run.result, pixels=art)))  # fmt: skip
    assert measure(["style_layers"], same)["worst style"] == pytest.approx(0, abs=1e-5)
    assert measure(["judge"], same)["STYLE"] == pytest.approx(0, abs=1e-5)
    assert measure(["style_layers"], data)["worst style"] > 0.01
    assert "CONTENT" not in measure(["judge"], data)
    assert measure(["ssim", "content_error"], data) == {}


def test_two_styles(laboratory) -> None:
    cell = PaintCell({"gamma": 0.5}, {"mix": 0.5, "scales": ((32, 3),)}, styles=(0, 2))
    study = dataclasses.replace(SMALL, cells=lambda _: [cell], measures=("improvements", "judge"))
    (row,) = go(study, laboratory).rows
    assert row.missing == ""
    assert row["RI 1 / RI 2"] == pytest.approx(row["RI 1"] / row["RI 2"])
    assert row["STYLE"] == row["STYLE 1"] != row["STYLE 2"]
    assert {"sigma 1", "sigma 2"} <= set(row.values)


def test_the_losses_of_two_styles_are_those_of_the_run(laboratory) -> None:
    mix = 0.25
    fields = {"mix": mix, "balance": False, "scales": ((32, 4),), "views": 1, "hold": False}
    data = painted(PaintCell({}, {**fields, "precision": "float32"}, styles=(0, 2)), laboratory)
    found = measure(["style_losses", "improvements"], data)
    for style, gamma in ((1, mix), (2, 1 - mix)):
        terms = {
            name: value for name, value in data.run.trace[0].items() if name.startswith(f"style{style}/")
        }
        assert found[f"style {style} at start"] == pytest.approx(sum(terms.values()) / gamma, rel=1e-4)
        improvement = found[f"style {style} at start"] / found[f"style {style} at end"]
        assert found[f"RI {style}"] == pytest.approx(improvement)
    assert measure(["style_losses"], painted(PaintCell({}, {"scales": ((32, 1),)}), laboratory)) == {}


def test_the_published_balance_is_the_square_root_of_an_unbalanced_run(laboratory) -> None:
    fields = {"mix": 0.5, "balance": False, "scales": ((32, 4),)}
    cells = [PaintCell({"n": n}, fields, styles=(0, 2), balance_once=n == 1) for n in (0, 1)]
    study = dataclasses.replace(SMALL, cells=lambda _: cells, measures=("improvements",))
    unbalanced, once = go(study, laboratory).rows
    assert unbalanced["sigma 2"] == 1
    assert once["sigma 1"] == 1
    assert once["sigma 2"] == pytest.approx((unbalanced["RI 1"] / unbalanced["RI 2"]) ** 0.5)
    assert once["sigma 2"] != pytest.approx(1)
    assert once["RI 1 / RI 2"] != pytest.approx(unbalanced["RI 1 / RI 2"])


def test_every_measure_gives_finite_numbers(laboratory) -> None:
    data = painted(PaintCell({}, {"scales": ((32, 2),)}), laboratory)
    for name in MEASURES:
        for value in measure([name], data).values():
            assert isinstance(value, float)
            assert math.isfinite(value)
    assert torch.is_tensor(data.output)


def test_an_unknown_measure(laboratory) -> None:
    with pytest.raises(RecipeError, match=r"Unknown measure 'sim'\. Did you mean 'ssim'"):
        measure(["sim"], painted(PaintCell({}, {"scales": ((32, 1),)}), laboratory))
