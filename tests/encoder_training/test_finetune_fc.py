"""Fine-tuning of VGG with its fully connected layers and a new fc8: what is trained, resumed and written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from impasto.encoder_training.finetune.augment import centre_batch
from impasto.encoder_training.finetune.classifier import FcClassifier, open_classifier, open_parent
from impasto.encoder_training.finetune.outputs import FinetuneOutputs
from impasto.encoder_training.finetune.result import write_results
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoders import open_encoder, open_vgg_classifier, tiny
from impasto.encoders.vgg import classifier_layout
from impasto.errors import RecipeError, WeightsError
from impasto.training.checkpoint import read_checkpoint, resume, write_checkpoint
from impasto.training.events import StepDone

from .conftest import bits, same, tuning

CPU = torch.device("cpu")
CONVOLUTIONS = [f"block{k}" for k in range(1, 6)]


def test_the_new_fc8_is_on_the_old_fc7() -> None:
    vgg = open_vgg_classifier("tiny")
    model = FcClassifier(open_vgg_classifier("tiny"), 3)
    images = torch.rand(2, 3, 64, 48)
    assert torch.equal(model(images), torch.zeros(2, 3))
    with torch.no_grad():
        model.head.weight.copy_(torch.rand(3, tiny.HIDDEN))
        model.head.bias.copy_(torch.rand(3))
    expected = vgg(images, ["relu7"])["relu7"] @ model.head.weight.T + model.head.bias
    torch.testing.assert_close(model(images), expected)
    torch.testing.assert_close(FcClassifier(vgg)(images), vgg(images)["fc8"])
    assert not torch.equal(model(images, torch.Generator().manual_seed(0)), model(images))


@pytest.mark.parametrize(
    ("fields", "moved"),
    [
        ({"scope": "head"}, []),
        ({"scope": "top"}, ["fc6", "fc7"]),
        ({"scope": "top", "freeze_to": "block2"}, ["block3", "block4", "block5", "fc6", "fc7"]),
        ({"scope": "all"}, [*CONVOLUTIONS, "fc6", "fc7"]),
    ],
)
def test_only_what_the_scope_says_is_trained(pictures, fields: dict[str, str], moved: list[str]) -> None:
    run = tuning(pictures, head="fc", epochs=1, **fields)
    model = run.task.model
    before = {name: [p.clone() for p in block] for name, block in model.blocks().items()}
    assert list(before) == [*CONVOLUTIONS, "fc6", "fc7"]
    events = list(run.events())
    after = model.blocks()
    assert [name for name in after if not same(before[name], after[name])] == moved
    frozen = [p for name, block in after.items() if name not in moved for p in block]
    assert all(p.grad is None and not p.requires_grad for p in frozen)
    assert float(model.head.weight.detach().abs().sum()) > 0
    first = next(event for event in events if isinstance(event, StepDone))
    assert first.figures["loss"] == pytest.approx(math.log(3))
    inside = {id(p) for block in after.values() for p in block} | {id(p) for p in model.head.parameters()}
    assert inside == {id(p) for p in model.parameters()}


def test_the_last_block_is_fc7() -> None:
    with pytest.raises(RecipeError, match="above 'fc7'; use --scope head, or freeze to fc6"):
        tuning_settings(scope="top", freeze_to="fc7")
    with pytest.raises(RecipeError, match=r"Unknown block 'fc8'.*fc6, fc7"):
        tuning_settings(scope="top", freeze_to="fc8")


def tuning_settings(**fields: str) -> None:
    from impasto.encoder_training.finetune.classifier import trained_parameters

    settings = FinetuneSettings.make({"encoder": "tiny", "head": "fc", **fields})
    trained_parameters(open_parent(settings, None, 3, CPU), settings)


def test_the_head_has_defaults_of_its_own() -> None:
    assert (FinetuneSettings().size, FinetuneSettings().side) == (96, 160)
    settings = FinetuneSettings.make({"head": "fc"})
    assert (settings.size, settings.side) == (224, 256)
    assert (settings.learning_rate, settings.encoder_learning_rate) == (0.0005, 0.00002)
    settings = FinetuneSettings.make({"head": "fc", "size": 64, "side": 70})
    assert (settings.size, settings.side) == (64, 70)
    assert FinetuneSettings.make(settings.model_dump()) == settings
    with pytest.raises(RecipeError, match="crops of 224 pixels are larger"):
        FinetuneSettings.make({"head": "fc", "side": 200})


def test_colours_are_learnt(pictures) -> None:
    run = tuning(pictures, head="fc", epochs=10, learning_rate=0.05, encoder_learning_rate=0.005)
    list(run.events())
    assert run.task.best is not None
    assert run.task.best.confusion.tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


@pytest.mark.parametrize("stop_after", [1, 4])
def test_a_resumed_run_drops_out_the_same_and_ends_with_the_same_bits(
    pictures, tmp_path: Path, stop_after: int
) -> None:
    whole, half, again = (tuning(pictures, head="fc", epochs=2) for _ in range(3))
    list(whole.events())
    for _ in zip(half.events(), range(stop_after), strict=False):
        pass
    write_checkpoint(tmp_path / "c", half, {})
    torch.manual_seed(99)
    resume(read_checkpoint(tmp_path / "c", "finetune"), again)
    list(again.events())
    assert same(bits(again), bits(whole))


def test_the_file_is_a_complete_vgg_and_can_be_tuned_further(pictures, tmp_path: Path) -> None:
    run = tuning(pictures, head="fc", epochs=2)
    list(run.events())
    assert run.task.best is not None
    outputs = FinetuneOutputs(tmp_path / "mine.safetensors")
    write_results(run.task, run.task.best, outputs, "abc", finished=True)
    run.task.use_weights(run.task.best.weights)
    shapes = {name: tuple(value.shape) for name, value in load_file(outputs.model).items()}
    assert classifier_layout(16, tiny.HIDDEN, 3).items() <= shapes.items()
    assert not any(name.startswith("head.") for name in shapes)
    images = centre_batch([pictures.store[index] for index in pictures.held_out], 32)
    model, classes, settings = open_classifier(outputs.model)
    assert (classes, settings) == (("blue", "green", "red"), run.task.settings)
    with torch.no_grad():
        logits = run.task.model(images)
        assert torch.equal(model(images), logits)
        assert torch.equal(open_vgg_classifier(str(outputs.model))(images)["fc8"], logits)
    assert open_encoder(str(outputs.model)).name == "tiny"
    further = open_parent(
        FinetuneSettings.make({**settings.model_dump(), "encoder": str(outputs.model)}), None, 7, CPU
    )
    assert torch.equal(further.blocks()["fc6"][0], run.task.model.blocks()["fc6"][0])
    assert further.head.out_features == 7


def test_fc_layers_of_a_file_with_a_linear_head_are_missed_in_one_sentence(pictures, tmp_path: Path) -> None:
    run = tuning(pictures, epochs=1)
    list(run.events())
    assert run.task.best is not None
    outputs = FinetuneOutputs(tmp_path / "linear.safetensors")
    write_results(run.task, run.task.best, outputs, "abc", finished=True)
    settings = FinetuneSettings.make({"head": "fc", "encoder": str(outputs.model)})
    with pytest.raises(
        WeightsError, match=r"hold only convolutions and no classifier.*give a complete file\.$"
    ):
        open_parent(settings, None, 3, CPU)
    with pytest.raises(RecipeError, match="Encoder 'compact' has no classifier fc6, fc7, fc8; use vgg16"):
        open_parent(FinetuneSettings.make({"head": "fc"}), None, 3, CPU)
