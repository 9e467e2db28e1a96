"""Trainings of a few steps: exact resume, a start from any style, losses that fall, steadiness."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from impasto.errors import ResumeError, WeightsError
from impasto.feedforward.catalogue import find_model
from impasto.feedforward.initial_weights import begin_with, style_params_of
from impasto.feedforward.model_card import describe, make_card, open_styles, write_styles
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.stability import STRENGTH, disturbed, steadiness
from impasto.feedforward.style_settings import StyleSettings
from impasto.feedforward.tasks.any_style import restore
from impasto.feedforward.tasks.given_styles import JohnsonTraining, LeanTraining
from impasto.feedforward.weights import read_network
from impasto.training.checkpoint import read_checkpoint, write_checkpoint
from impasto.training.optimizers import weights_of

SMALL = {"size": 64, "batch": 2, "steps": 4}
LEAN = {**SMALL, "start": "nothing"}
JOHNSON = {**SMALL, "preset": "johnson", "encoder": "compact"}


@pytest.mark.parametrize(("kind", "fields"), [(LeanTraining, LEAN), (JohnsonTraining, JOHNSON)])
def test_a_resumed_run_is_the_uninterrupted_one(kind, fields, compact, photographs, paintings, tmp_path):
    settings = StyleSettings.make(fields)

    def start():
        return kind(compact, photographs, paintings, settings)

    whole = start()
    lines = list(whole.run(2))
    assert [line.step for line in lines] == [2, 4]
    first = start()
    next(iter(first.run(2)))
    place = tmp_path / "c.checkpoint"
    write_checkpoint(place, first.kind, settings.model_dump_json(), {}, first.state())
    second = start()
    second.load(read_checkpoint(place, second.kind)[2])
    assert [line.figures for line in second.run(2)] == [lines[1].figures]
    for mine, theirs in (
        (second.weights(), whole.weights()),
        (second.learner.weights(), whole.learner.weights()),
    ):
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert not torch.equal(
        whole.weights()["style_embedding.shifts.0"], start().weights()["style_embedding.shifts.0"]
    )
    with pytest.raises(ResumeError):
        second.load({**second.state(), "noise": None})


def test_a_start_from_any_style_paints_as_that_network(compact, photographs, paintings):
    shipped = find_model("any")
    network, style_predictor = restore(*read_network(shipped))
    run = LeanTraining(
        compact, photographs, paintings, StyleSettings.make(SMALL), begin_with(shipped, compact)
    )
    full, _ = style_params_of(style_predictor, compact, paintings)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        for number in range(2):
            style_params = StyleParams(
                tuple(x[number : number + 1] for x in full.matrices),
                tuple(x[number : number + 1] for x in full.shifts),
            )
            mine = run.style_embedding(torch.eye(2)[number : number + 1], torch.ones(1), torch.ones(1))
            painted, expected = run.network(image, mine), network.train()(image, style_params)
            torch.testing.assert_close(painted, expected, atol=1e-3, rtol=1e-3)


def written(run, tmp_path, count):
    """The file of a training of `count` styles."""
    records = describe([Path(__file__)] * count, (), (), ())
    origin = {"began_with": "random weights", "photos": "photos", "photographs": "3"}
    path = tmp_path / "first.safetensors"
    write_styles(path, run.weights(), make_card(run.kind, "first", run.settings, records, {}, origin))
    return path


def test_a_start_from_a_trained_network_goes_on_from_its_weights(compact, photographs, paintings, tmp_path):
    first = LeanTraining(compact, photographs, paintings, StyleSettings.make(LEAN))
    path = written(first, tmp_path, 2)
    second = LeanTraining(
        compact, photographs, paintings, StyleSettings.make(SMALL), begin_with(path, compact)
    )
    network, style_embedding, _ = open_styles(path)
    kept = weights_of({"network": network, "style_embedding": style_embedding})
    assert all(torch.equal(value, kept[name]) for name, value in second.learner.weights().items())
    with pytest.raises(WeightsError, match="another number of styles"):
        LeanTraining(
            compact, photographs, paintings[:1], StyleSettings.make(SMALL), begin_with(path, compact)
        )


def test_no_start_from_the_published_network(compact, photographs, paintings, tmp_path):
    run = JohnsonTraining(compact, photographs, paintings, StyleSettings.make(JOHNSON))
    with pytest.raises(WeightsError, match="network:johnson, but a training begins"):
        begin_with(written(run, tmp_path, 2), compact)


def test_strengths_are_held_at_their_distances(compact, photographs, paintings):
    settings = StyleSettings.make({**LEAN, "content_most": 1.0, "content_least": 1.0})
    held = LeanTraining(compact, photographs, paintings, settings)
    held.train_step()
    assert float(held.hold.logs.abs().max()) > 0
    loose = LeanTraining(compact, photographs, paintings, settings.model_copy(update={"hold": False}))
    loose.train_step()
    assert float(loose.hold.logs.abs().max()) == 0


def test_the_published_loss_is_0_at_itself(compact, photographs, paintings):
    settings = StyleSettings.make({**JOHNSON, "variation_weight": 0.0})
    run = JohnsonTraining(compact, photographs, paintings, settings)
    wide = torch.nn.functional.interpolate(paintings[0], (51, 64), mode="bicubic", antialias=True).clamp(0, 1)
    _, parts = run.published.loss(wide, wide, [0])
    assert parts["content"] == 0
    assert parts["style"] < 1e-4
    _, other = run.published.loss(wide, wide, [1])
    assert other["style"] > 100 * parts["style"]


def test_disturbed_photographs_keep_their_means():
    rng, noise = random.Random(0), torch.Generator().manual_seed(0)
    grey = torch.full((2, 3, 32, 32), 0.5)
    for _ in range(6):
        change = disturbed(grey, rng, noise) - grey
        torch.testing.assert_close(change.mean((2, 3)), torch.zeros(2, 3), atol=1e-5, rtol=0)
        torch.testing.assert_close(change.std((2, 3)), torch.full((2, 3), STRENGTH), atol=1e-4, rtol=0)


def test_a_network_that_copies_changes_by_the_noise_alone():
    style_params = StyleParams((torch.ones(2, 3),), (torch.zeros(2, 3),))
    grey = torch.full((2, 3, 32, 32), 0.5)
    noise = torch.Generator().manual_seed(0)
    copied = steadiness(
        lambda image, style_params, norms=None: image, grey, grey, style_params, random.Random(0), noise
    )
    torch.testing.assert_close(copied, torch.tensor(STRENGTH**2), atol=1e-6, rtol=1e-2)
    flat = steadiness(
        lambda image, style_params, norms=None: image * 0,
        grey,
        grey * 0,
        style_params,
        random.Random(0),
        noise,
    )
    assert flat == 0
