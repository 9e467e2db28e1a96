"""Trainings of a few steps: exact resume, a start from any style, losses that fall, steadiness."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from impasto.errors import ResumeError, WeightsError
from impasto.feedforward.initial_weights import initialiser_from, predicted_params, style_rows
from impasto.feedforward.model_card import describe, make_card, open_styles, write_styles
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.network_card import find_model
from impasto.feedforward.restore import restore_any_style
from impasto.feedforward.single_styles import write_single_styles
from impasto.feedforward.stability import STRENGTH, StabilityLoss, add_noise
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.tasks.given_styles import GivenStylesTask
from impasto.feedforward.tasks.johnson import JohnsonTask
from impasto.feedforward.weights import read_network
from impasto.training.checkpoint import read_checkpoint, resume, write_checkpoint
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE
from impasto.training.events import Logged
from impasto.training.trainer import Trainer
from impasto.training.weights import named_weights

SMALL = {"size": 64, "batch": 2, "steps": 4}
SMALL_SETTINGS = GivenStyleSettings.make(SMALL)
RANDOM = {**SMALL, "start": "random"}
CPU = ComputeDevice(torch.device("cpu"), "bfloat16")
JOHNSON = {**SMALL, "preset": "johnson", "encoder": "compact"}


@pytest.mark.parametrize(("kind", "fields"), [(GivenStylesTask, RANDOM), (JohnsonTask, JOHNSON)])
def test_a_resumed_run_is_the_uninterrupted_one(kind, fields, compact, photographs, paintings, tmp_path):
    settings = GivenStyleSettings.make(fields)

    def start():
        return Trainer(kind(compact, photographs, paintings, settings, CPU), log_every=2)

    whole = start()
    lines = [event for event in whole.events() if isinstance(event, Logged)]
    assert [line.step for line in lines] == [2, 4]
    first = start()
    for event in first.events():
        if event.step == 3:
            break
    path = tmp_path / "c.checkpoint"
    write_checkpoint(path, first, {})
    second = start()
    resume(read_checkpoint(path, kind.kind), second)
    logged = [event.figures for event in second.events() if isinstance(event, Logged)]
    assert logged == [lines[1].figures]
    assert second.history == whole.history
    for mine, theirs in (
        (second.task.weights(), whole.task.weights()),
        (second.task.live_weights(), whole.task.live_weights()),
    ):
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    name = "style_embedding.shifts.0"
    assert not torch.equal(whole.task.weights()[name], start().task.weights()[name])
    with pytest.raises(ResumeError):
        second.load_state({**second.state(), "task": None})


def test_a_start_from_any_style_paints_as_that_network(compact, photographs, paintings):
    shipped = find_model("any-live")
    network, style_predictor = restore_any_style(*read_network(shipped))
    run = GivenStylesTask(
        compact,
        photographs,
        paintings,
        GivenStyleSettings.make(SMALL),
        CPU,
        initialiser=initialiser_from(shipped, compact),
    )
    full, _ = predicted_params(style_predictor, compact, paintings)
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
    origin = {"started_from": "random weights", "photos": "photos", "photographs": "3"}
    path = tmp_path / "first.safetensors"
    write_styles(path, run.weights(), make_card(run.kind, "first", run.settings, records, {}, origin))
    return path


def test_a_start_from_a_trained_network_goes_on_from_its_weights(compact, photographs, paintings, tmp_path):
    first = GivenStylesTask(compact, photographs, paintings, GivenStyleSettings.make(RANDOM), CPU)
    path = written(first, tmp_path, 2)
    second = GivenStylesTask(
        compact,
        photographs,
        paintings,
        GivenStyleSettings.make(SMALL),
        CPU,
        initialiser=initialiser_from(path, compact),
    )
    network, style_embedding, _ = open_styles(path)
    kept = named_weights({"network": network, "style_embedding": style_embedding})
    assert all(torch.equal(value, kept[name]) for name, value in second.live_weights().items())
    with pytest.raises(WeightsError, match="has 2 styles, and this training 1"):
        GivenStylesTask(
            compact,
            photographs,
            paintings[:1],
            GivenStyleSettings.make(SMALL),
            CPU,
            initialiser=initialiser_from(path, compact),
        )
    with pytest.raises(WeightsError, match="is of another size"):
        GivenStylesTask(
            compact,
            photographs,
            paintings,
            GivenStyleSettings.make({**SMALL, "detail": 8}),
            CPU,
            initialiser=initialiser_from(path, compact),
        )


@pytest.mark.parametrize(
    ("source", "target", "rows"),
    [
        ("ab", "", [[1, 0], [0, 1]]),
        ("ab", "cd", [[1, 0], [0, 1]]),
        ("ab", "ba", [[0, 1], [1, 0]]),
        ("ab", "b", [[0, 1]]),
        ("ab", "c", [[0.5, 0.5]]),
        ("a", "ab", [[1], [1]]),
        ("aab", "a", [[1, 0, 0]]),
    ],
)
def test_a_style_begins_with_itself_or_the_average(source, target, rows):
    assert torch.equal(style_rows(source, target), torch.tensor(rows, dtype=torch.float32))


def test_one_of_many_styles_begins_as_it_was(compact, photographs, paintings, tmp_path):
    """Without detail in the source: its block at full resolution is new and changes nothing at first."""
    settings = GivenStyleSettings.make({**RANDOM, "detail": 0})
    many = GivenStylesTask(compact, photographs, paintings, settings, CPU)
    for _ in Trainer(many).events():
        pass
    files = [tmp_path / name for name in ("first.png", "second.png")]
    for file in files:
        file.write_text(file.name)
    records = describe(files, (), (), ())
    path = tmp_path / "many.safetensors"
    origin = {"started_from": "random weights", "photos": "photos", "photographs": "3"}
    write_styles(path, many.weights(), make_card(many.kind, "many", settings, records, {}, origin))
    one = GivenStylesTask(
        compact,
        photographs,
        paintings[1:],
        GivenStyleSettings.make(SMALL),
        CPU,
        initialiser=initialiser_from(path, compact, [records[1].sha256]),
    )
    network, style_embedding, _ = open_styles(path)
    image, strength = torch.rand(1, 3, 32, 32), torch.tensor([0.4])
    with torch.no_grad():
        expected = network(image, style_embedding(torch.eye(2)[1:], strength, torch.ones(1)))
        params = one.style_embedding(torch.ones(1, 1), strength, torch.ones(1))
        torch.testing.assert_close(one.network.eval()(image, params), expected, atol=1e-4, rtol=1e-4)


def test_styles_only_trains_what_belongs_to_the_styles_and_nothing_else(
    compact, photographs, paintings, tmp_path
):
    """So the new style shares the body of the others, bit for bit."""
    source = written(
        GivenStylesTask(compact, photographs, paintings, GivenStyleSettings.make(RANDOM), CPU), tmp_path, 2
    )
    first = write_single_styles(source, tmp_path)[0]
    settings = GivenStyleSettings.make({**SMALL, "styles_only": True})
    run = GivenStylesTask(
        compact, photographs, paintings[1:], settings, CPU, initialiser=initialiser_from(first, compact)
    )
    before = {name: value.clone() for name, value in run.weights().items()}
    for _ in Trainer(run).events():
        pass
    changed = {name for name, value in run.weights().items() if not value.equal(before[name])}
    assert {"style_embedding.style_matrices.0", "style_embedding.shifts.0"} <= changed
    own = ("style_embedding.style_matrices.", "style_embedding.shifts.", "style_embedding.embedding")
    assert all(name.startswith(own) for name in changed)
    (tmp_path / "new").mkdir()
    new = written(run, tmp_path / "new", 1)
    alone = write_single_styles(new, tmp_path, body=tmp_path / "first.body")
    assert read_network(alone[0])[0]["body"] == read_network(first)[0]["body"]
    whole, sharing = (read_network(path)[1] for path in (new, alone[0]))
    assert whole.keys() == sharing.keys()
    assert all(value.equal(sharing[name]) for name, value in whole.items())


def test_a_style_shares_only_a_body_that_is_its_own(compact, photographs, paintings, tmp_path):
    path = written(
        GivenStylesTask(compact, photographs, paintings, GivenStyleSettings.make(RANDOM), CPU), tmp_path, 2
    )
    first = write_single_styles(path, tmp_path)[0]
    run = GivenStylesTask(
        compact, photographs, paintings[1:], SMALL_SETTINGS, CPU, initialiser=initialiser_from(first, compact)
    )
    for _ in Trainer(run).events():
        pass
    (tmp_path / "new").mkdir()
    other = written(run, tmp_path / "new", 1)
    with pytest.raises(WeightsError, match=r"does not share the weights of 'first\.body'"):
        write_single_styles(other, tmp_path, body=tmp_path / "first.body")


def test_no_start_from_the_published_network(compact, photographs, paintings, tmp_path):
    run = JohnsonTask(compact, photographs, paintings, GivenStyleSettings.make(JOHNSON), CPU)
    with pytest.raises(WeightsError, match="network:johnson, but a training starts"):
        initialiser_from(written(run, tmp_path, 2), compact)


def test_strengths_are_held_at_their_distances(compact, photographs, paintings):
    weights = {"content_weight_at_0": 1.0, "content_weight_at_1": 1.0}
    for hold in (True, False):
        settings = GivenStyleSettings.make({**RANDOM, **weights, "hold_strength": hold})
        task = GivenStylesTask(compact, photographs, paintings, settings, CPU)
        next(Trainer(task).events())
        assert (float(task.strength_controller.logs.abs().max()) > 0) == hold


def test_the_published_loss_is_0_at_itself(compact, photographs, paintings):
    settings = GivenStyleSettings.make({**JOHNSON, "variation_weight": 0.0})
    run = JohnsonTask(compact, photographs, paintings, settings, CPU)
    wide = torch.nn.functional.interpolate(paintings[0], (51, 64), mode="bicubic", antialias=True).clamp(0, 1)
    _, parts = run.perceptual_loss.loss(wide, wide, [0])
    assert parts["content"] == 0
    assert parts["style"] < 1e-4
    _, other = run.perceptual_loss.loss(wide, wide, [1])
    assert other["style"] > 100 * parts["style"]


def test_noisy_photographs_keep_their_means():
    rng, noise = random.Random(0), torch.Generator().manual_seed(0)
    grey = torch.full((2, 3, 32, 32), 0.5)
    for _ in range(6):
        change = add_noise(grey, rng, noise) - grey
        torch.testing.assert_close(change.mean((2, 3)), torch.zeros(2, 3), atol=1e-5, rtol=0)
        torch.testing.assert_close(change.std((2, 3)), torch.full((2, 3), STRENGTH), atol=1e-4, rtol=0)


def test_a_network_that_copies_changes_by_the_noise_alone():
    style_params = StyleParams((torch.ones(2, 3),), (torch.zeros(2, 3),))
    grey = torch.full((2, 3, 32, 32), 0.5)
    loss = StabilityLoss(random.Random(0), torch.Generator().manual_seed(0), SINGLE)

    def change(network, painted):
        return loss(network, grey, painted, style_params, 2, slice(0, 2))

    copied = change(lambda image, style_params, modulation=None: image, grey)
    torch.testing.assert_close(copied, torch.tensor(STRENGTH**2), atol=1e-6, rtol=1e-2)
    assert change(lambda image, style_params, modulation=None: image * 0, grey * 0) == 0
