"""A network for given styles from the command line: a whole run, an interrupted one, a rejected one."""

from __future__ import annotations

import itertools
import os
import signal
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from impasto.cli.main import load
from impasto.cli.training_progress import TrainingReport
from impasto.encoders import shipped_weights
from impasto.encoders.untrained import random_state
from impasto.encoders.vgg import BLOCKS
from impasto.feedforward.model_card import open_styles
from impasto.feedforward.modules.style_embedding import DEFAULT_STRENGTH
from impasto.feedforward.open_network import open_model
from impasto.feedforward.perceptual_loss import PerceptualLoss
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.training_presets import PUBLISHED
from impasto.feedforward.weights import read_network
from impasto.training.trainer import Trainer

from .conftest import make_picture, pixels
from .test_bad_input import assert_one_sentence

WORDS = ("art.png", "art2.png", "--photos", "photos", "--size", "64", "--batch", "1")
RANDOM = ("train", *WORDS, "--start", "random", "--steps", "2")
LEFT = {".safetensors", ".md", ".curve.csv", ".curve.png", ".preview.png"}


@pytest.fixture
def studio(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of eight photographs; small paintings, small checks, and a network is let pass that learnt nothing."""
    (place / "photos").mkdir()
    for index in range(8):
        make_picture(place / "photos" / f"{index}.png", 80, 72, 10 + index)
    monkeypatch.setattr("impasto.feedforward.style_targets.LONGEST", 64)
    monkeypatch.setattr("impasto.feedforward.artifact_checks.SIZES", (64,))
    monkeypatch.setattr("impasto.feedforward.artifact_checks.CHECKERBOARD", 1e9)
    monkeypatch.setattr("impasto.feedforward.artifact_checks.blob", lambda flat, painted: None)
    return place


@pytest.fixture(scope="module")
def trained() -> dict[str, bytes]:
    """The file of `whole`, once it is trained."""
    return {}


@pytest.fixture
def whole(cli, studio: Path, trained: dict[str, bytes]) -> Path:
    """The network of a run that nobody stopped."""
    path = studio / "whole.safetensors"
    if not trained:
        assert cli(*RANDOM, "--quiet", "--out", path.name).code == 0
        trained[path.name] = path.read_bytes()
    path.write_bytes(trained[path.name])
    return path


def test_a_run_leaves_a_network_a_card_a_curve_and_a_preview(cli, studio: Path) -> None:
    run = cli(
        *RANDOM,
        "--title",
        "One",
        "--title",
        "Two",
        "--credit",
        "A",
        "--credit",
        "B",
        "--out",
        "n.safetensors",
    )
    assert run.code == 0, run.err
    assert run.out == "n.safetensors\n"
    assert "step 2/2" in run.err
    assert {path.name for path in studio.glob("n.*")} == {f"n{ending}" for ending in LEFT}
    network, table, card = open_styles(Path("n.safetensors"))
    with torch.no_grad():
        painted = network(torch.rand(1, 3, 32, 32), table(torch.eye(2)[:1], torch.ones(1), torch.ones(1)))
    assert painted.isfinite().all()
    assert [(s["name"], s["title"], s["credit"]) for s in card["styles"]] == [
        ("art", "One", "A"),
        ("art2", "Two", "B"),
    ]
    assert card["photographs"] == "7"
    assert card["steps_done"] == 2
    assert "--start random" in (studio / "n.md").read_text()
    assert pixels(studio / "n.preview.png").shape == (72, 240, 3)


def test_other_weights_of_the_encoder_are_not_resumed(cli, studio: Path, monkeypatch) -> None:
    for name, further in (("one", b""), ("other", b" ")):
        # The header of a safetensors file may end with spaces: the same weights in two files of different bytes.
        data = shipped_weights().read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = data[8 : 8 + length] + 8 * further
        (studio / f"{name}.safetensors").write_bytes(
            len(header).to_bytes(8, "little") + header + data[8 + length :]
        )
    words = (*RANDOM, "--quiet", "--no-previews", "--out", "n.safetensors")
    with monkeypatch.context() as patch:
        patch.setattr(TrainingReport, "stepped", lambda self, event: os.kill(os.getpid(), signal.SIGINT))
        assert cli(*words, "--weights", "one.safetensors").code == 130
    for weights in ([], ["--weights", "other.safetensors"]):
        refused = cli(*words, *weights, "--resume")
        assert_one_sentence(refused)
        assert "The encoder's weights are not those of the checkpoint" in refused.err


def test_the_checks_count_the_styles(cli, studio: Path, monkeypatch) -> None:
    counted: list[tuple[str, int, int]] = []
    monkeypatch.setattr(TrainingReport, "counted", lambda self, *given: counted.append(given))
    words = (*RANDOM, "--quiet", "--no-previews", "--steps", "1", "--out", "n.safetensors")
    assert cli(*words).code == 0
    assert counted[-2:] == [("checking styles", 1, 2), ("checking styles", 2, 2)]


def test_only_the_first_process_of_torchrun_prints(cli, studio: Path, monkeypatch) -> None:
    (studio / "photos" / "8.png").write_bytes(b"no picture")
    monkeypatch.setenv("RANK", "1")
    run = cli(*RANDOM, "--encoder", "compact", "--steps", "1", "--no-previews", "--out", "n.safetensors")
    assert (run.code, run.out, run.err) == (0, "", "")


def test_a_training_goes_on_with_a_trained_network(cli, studio: Path, whole: Path) -> None:
    words = ("train", *WORDS, "--quiet", "--steps", "1", "--from", "whole.safetensors", "--no-hold-strength")
    assert cli(*words, "--out", "further.safetensors").code == 0
    page = (studio / "further.md").read_text()
    digest = sha256(whole.read_bytes()).hexdigest()[:16]
    assert f"Started from: whole.safetensors (SHA-256 {digest}; 2 steps after random weights)." in page
    assert " --no-hold-strength" in page
    # What a strength means decides which one is usual.
    assert open_model(whole).default_strength == DEFAULT_STRENGTH
    assert open_model(Path("further.safetensors")).default_strength == 1
    # One of the styles goes on alone; a style more has no place to begin.
    alone = ("train", "art.png", *WORDS[2:], "--quiet", "--steps", "1", "--from", "whole.safetensors")
    assert cli(*alone, "--out", "alone.safetensors").code == 0
    assert_one_sentence(cli(*alone, "--out", "other.safetensors", "--detail", "8"))


def test_an_interrupted_run_goes_on_to_the_same_file(cli, studio: Path, whole: Path, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(TrainingReport, "stepped", lambda self, event: os.kill(os.getpid(), signal.SIGINT))
        run = cli(*RANDOM, "--quiet", "--out", "n.safetensors")
    assert run.code == 130, run.err
    assert "Stopped after step 1" in run.err
    assert open_styles(Path("n.safetensors"))[2]["steps_done"] == 1
    assert Path("n.safetensors.checkpoint").is_file()
    other = cli(*RANDOM, "--quiet", "--seed", "1", "--out", "n.safetensors", "--resume")
    assert_one_sentence(other)
    assert "seed = 0, not 1" in other.err
    run = cli(*RANDOM, "--out", "n.safetensors", "--resume")
    assert run.code == 0, run.err
    assert "resuming after step 1" in run.err
    assert not Path("n.safetensors.checkpoint").exists()
    for mine, theirs in zip(
        open_styles(Path("n.safetensors"))[:2], open_styles(Path("whole.safetensors"))[:2], strict=True
    ):
        ours = mine.state_dict()
        assert all(torch.equal(ours[name], value) for name, value in theirs.state_dict().items())


def test_a_training_of_minutes_writes_down_its_steps(cli, studio: Path, whole: Path, monkeypatch) -> None:
    class Clocked(Trainer):
        """A trainer whose clock is read once at the start and then once a step, every second."""

        def __init__(self, task, **options) -> None:
            super().__init__(task, clock=itertools.count().__next__, **options)

    monkeypatch.setattr("impasto.training.trainer.Trainer", Clocked)
    timed = (*RANDOM[:-2], "--minutes", str(2 / 60))
    with monkeypatch.context() as patch:
        patch.setattr(TrainingReport, "stepped", lambda self, event: os.kill(os.getpid(), signal.SIGINT))
        assert cli(*timed, "--quiet", "--out", "n.safetensors").code == 130
    assert "1 steps" in Path("n.md").read_text()
    run = cli(*timed, "--out", "n.safetensors", "--resume")
    assert run.code == 0, run.err
    assert "step 2  loss" in run.err
    card, whole = (read_network(Path(f"{name}.safetensors")) for name in ("n", "whole"))
    assert all(torch.equal(card[1][name], value) for name, value in whole[1].items())
    assert (card[0]["settings"]["minutes"], card[0]["settings"]["steps"]) == (2 / 60, None)
    assert card[0]["steps_done"] == 2
    assert "0.0333333 minutes, which were 2 steps, batches of 1" in Path("n.md").read_text()
    assert f"--minutes {2 / 60}" in Path("n.md").read_text()


def test_a_network_that_does_not_pass_is_not_written(cli, studio: Path, monkeypatch) -> None:
    monkeypatch.setattr("impasto.feedforward.artifact_checks.CHECKERBOARD", -1.0)
    run = cli(*RANDOM, "--quiet", "--no-previews", "--out", "n.safetensors")
    assert_one_sentence(run)
    assert "did not pass its checks: in the style art, a painted photograph has a checkerboard" in run.err
    # The curve may show why.
    assert {path.name for path in studio.glob("n.*")} == {
        "n.curve.csv",
        "n.curve.png",
        "n.safetensors.checkpoint",
        "n.safetensors.rejected",
    }


def test_johnsons_network(cli, studio: Path) -> None:
    words = ("--preset", "johnson", "--encoder", "compact", "--steps", "1")
    run = cli("train", *WORDS, *words, "--out", "n.safetensors")
    assert run.code == 0, run.err
    layers = "relu1_1 for relu1_2, relu2_1 for relu2_2, relu3_1 for relu3_3, relu4_1 for relu4_3."
    assert (
        f"The encoder compact lacks layers of the preset johnson; the nearest serve instead: {layers}"
        in run.err
    )
    page = Path("n.md").read_text()
    assert layers in page
    assert all(text in page for text in PUBLISHED["johnson"].deviations)
    assert open_styles(Path("n.safetensors"))[2]["kind"] == "network:johnson"


def test_johnsons_network_needs_vgg16(cli, studio: Path, monkeypatch) -> None:
    monkeypatch.setattr("impasto.cli.style_training.read_pictures", lambda *_, **__: 1 / 0)
    run = cli("train", *WORDS, "--preset", "johnson", "--out", "n.safetensors")
    assert_one_sentence(run)
    assert "The preset johnson needs the weights of vgg16" in run.err
    assert all(
        way in run.err for way in ("impasto weights fetch vgg16", "--weights FILE", "--encoder compact")
    )
    assert not list(studio.glob("n.*"))


def test_johnsons_network_through_vgg16_has_the_published_layers_and_padding(
    cli, studio: Path, monkeypatch
) -> None:
    losses: list[PerceptualLoss] = []

    class Recorded(PerceptualLoss):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            losses.append(self)

    monkeypatch.setattr("impasto.feedforward.tasks.johnson.PerceptualLoss", Recorded)
    save_file(random_state(BLOCKS["vgg16"], seed=0, gain=2.0, bias=0.0), studio / "vgg16.safetensors")
    words = ("--preset", "johnson", "--weights", "vgg16.safetensors", "--steps", "1")
    run = cli("train", *WORDS, *words, "--out", "n.safetensors")
    assert run.code == 0, run.err
    assert "serve instead" not in run.err
    assert "substitutes" not in open_styles(Path("n.safetensors"))[2]
    assert losses[0].style_layers == ["relu1_2", "relu2_2", "relu3_3", "relu4_3"]
    assert losses[0].content_layer == "relu3_3"
    assert losses[0].encoder.padding == "zeros"


def test_a_network_to_begin_with_has_to_be_there(cli, studio: Path) -> None:
    run = cli("train", *WORDS, "--from", "gone.safetensors", "--out", "n.safetensors")
    assert_one_sentence(run)
    assert "gone.safetensors" in run.err


def test_every_setting_is_an_option() -> None:
    given = {parameter.name: parameter for parameter in load("train").params}
    for name, field in GivenStyleSettings.model_fields.items():
        assert given[name].help == field.description


def test_an_interrupted_run_that_does_not_pass_yet_can_be_resumed(cli, studio: Path, monkeypatch) -> None:
    monkeypatch.setattr("impasto.feedforward.artifact_checks.CHECKERBOARD", -1.0)
    with monkeypatch.context() as patch:
        patch.setattr(TrainingReport, "stepped", lambda self, event: os.kill(os.getpid(), signal.SIGINT))
        run = cli(*RANDOM, "--quiet", "--out", "n.safetensors")
    assert run.code == 130, run.err
    assert "does not pass its checks" in run.err
    assert "Stopped after step 1" in run.err
    run = cli(*RANDOM, "--out", "n.safetensors", "--resume", "--accept")
    assert run.code == 0, run.err
    assert not list(studio.glob("*.rejected"))


def test_a_new_run_does_not_overwrite_a_checkpoint(cli, studio: Path) -> None:
    Path("n.safetensors.checkpoint").write_bytes(b"days of work")
    run = cli(*RANDOM, "--out", "n.safetensors")
    assert_one_sentence(run)
    assert "give --resume to go on with it, or remove it" in run.err
    assert Path("n.safetensors.checkpoint").read_bytes() == b"days of work"


def test_the_card_says_how_to_train_the_network_again(cli, studio: Path) -> None:
    words = ("--credit", "A Painter", "--credit", "B", "--no-previews")
    run = cli(*RANDOM, "--quiet", *words, "--out", "n.safetensors")
    assert run.code == 0, run.err
    assert "--credit 'A Painter' --credit B" in Path("n.md").read_text()
