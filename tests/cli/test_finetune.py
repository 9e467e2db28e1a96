"""Fine-tuning from the command line: a whole run, what it leaves, killed and stopped runs, and bad input."""

from __future__ import annotations

import json
import random
import shlex
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from impasto.cli.main import load
from impasto.encoder_training.finetune.painted import paint_picture
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoders import open_encoder, tiny

from .conftest import TINY, make_picture, pixels
from .test_bad_input import assert_one_sentence, contents
from .test_kill import start, wait_for

NAMES = ("checks", "rings", "strokes")
SMALL = ("--encoder", "tiny", "--size", "32", "--side", "32", "--batch", "4", "--patience", "0")
LONG = (*SMALL, "--epochs", "40")
LEFT = {".safetensors", ".md", ".curves.csv", ".curves.png", ".confusion.csv", ".confusion.png"}


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of three classes."""
    folder = tmp_path_factory.mktemp("classes")
    for name in NAMES:
        (folder / name).mkdir()
        for index in range(5):
            paint_picture(name, index, size=40).save(folder / name / f"{index}.png")
    return folder


@pytest.fixture
def data(place: Path, classes: Path) -> Path:
    """The working folder with a copy of the data set in ``data``."""
    shutil.copytree(classes, place / "data")
    return place


def test_a_run_leaves_an_encoder_a_card_curves_and_a_confusion_matrix(cli, data: Path) -> None:
    (data / "data" / "rings" / "torn.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    (data / "data" / "readme.txt").write_text("beside the classes")
    (data / "data" / ".hidden").write_text("hidden")
    run = cli("finetune", "data", *SMALL, "--epochs", "2")
    assert run.code == 0, run.err
    assert run.out == "data-tiny.safetensors\n"
    assert {path.name for path in data.glob("data-tiny*")} == {f"data-tiny{ending}" for ending in LEFT}
    assert "3 classes, 12 training pictures and 3 held out; tiny, scope all" in run.err
    assert "note: 1 files that are not pictures" in run.err
    assert "1 picture was skipped:\n  'data/rings/torn.jpg' " in run.err
    assert "epoch 2: loss" in run.err
    assert "(chance 0.333)" in run.err
    before = contents(data)
    again = cli("finetune", "data", *SMALL, "--epochs", "1", "--quiet")
    assert (again.code, again.out, again.err) == (0, "", "")
    assert Path("data-tiny-2.safetensors").is_file()
    assert before.items() <= contents(data).items()


def test_the_result_paints_and_classifies(cli, data: Path) -> None:
    run = cli(
        "finetune", "data", "--size", "32", "--side", "32", "--epochs", "1", "--out", "mine.safetensors"
    )
    assert run.code == 0, run.err
    assert list(open_encoder("mine.safetensors").layers) == list(open_encoder("compact").layers)
    words = ("stylize", "photo.png", "art.png", "--size", "32", "--steps", "20")
    for name, encoder in (
        ("file.png", ("--encoder", "mine.safetensors")),
        ("weights.png", ("--encoder", "compact", "--weights", "mine.safetensors")),
        ("parent.png", ("--encoder", "compact")),
    ):
        painted = cli(*words, *encoder, "--out", name)
        assert painted.code == 0, painted.err
    assert (pixels(data / "file.png") == pixels(data / "weights.png")).all()
    assert (pixels(data / "file.png") != pixels(data / "parent.png")).any()
    said = cli("classify", "mine.safetensors", "photo.png", "data/rings")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert len(lines) == 6
    name, top = lines[0].split(": ")
    assert name == "photo.png"
    shares = dict(part.split() for part in top.split(", "))
    assert set(shares) == set(NAMES)
    assert sum(map(float, shares.values())) == pytest.approx(1, abs=0.002)
    assert list(map(float, shares.values())) == sorted(map(float, shares.values()), reverse=True)
    words = (
        "--encoder",
        "mine.safetensors",
        "--size",
        "32",
        "--side",
        "32",
        "--scope",
        "head",
        "--epochs",
        "1",
    )
    further = cli("finetune", "data", *words, "--out", "further.safetensors")
    assert further.code == 0, further.err
    child, parent = open_encoder("further.safetensors"), open_encoder("mine.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(child.parameters(), parent.parameters(), strict=True))


@pytest.fixture(scope="module")
def whole_files() -> dict[str, bytes]:
    """The files of `whole`, once they are written."""
    return {}


@pytest.fixture
def whole(cli, data: Path, whole_files: dict[str, bytes]) -> bytes:
    """The file of a run that nobody stopped."""
    if not whole_files:
        assert cli("finetune", "data", *LONG, "--out", "whole.safetensors", "-q").code == 0
        whole_files |= {path.name: path.read_bytes() for path in data.glob("whole.*") if path.is_file()}
    return whole_files["whole.safetensors"]


def test_a_killed_run_goes_on_bit_for_bit(
    cli, data: Path, whole: bytes, whole_files: dict[str, bytes], environment
) -> None:
    """And with nothing but its own settings, pictures and names."""
    words = ["finetune", "data", *LONG, "--out", "o.safetensors", "--checkpoint-seconds", "0"]
    process = start(words, environment)
    wait_for(data / "o.safetensors.checkpoint", process)
    time.sleep(random.random() * 0.3)
    process.kill()
    process.communicate()
    assert not Path("o.safetensors").exists()
    shutil.copy("o.safetensors.checkpoint", "copy.checkpoint")
    run = cli("finetune", "--resume", "o.safetensors.checkpoint")
    assert run.code == 0, run.err
    assert "resuming after step" in run.err
    assert Path("o.safetensors").read_bytes() == whole
    assert Path("o.curves.csv").read_bytes() == whole_files["whole.curves.csv"]
    assert not Path("o.safetensors.checkpoint").exists()
    (data / "taken.md").write_text("mine")
    for words, expected in (
        (["--epochs", "3"], "epochs = 40, not 3"),
        (["--out", "taken.safetensors"], "'taken.md' already exists"),
    ):
        run = cli("finetune", "--resume", "copy.checkpoint", *words)
        assert_one_sentence(run)
        assert expected in run.err
    shutil.copy("copy.checkpoint", "again.checkpoint")
    words = ["--epochs", "40", "--device", "cpu", "-q"]
    other_device = cli("finetune", "--resume", "again.checkpoint", "--out", "other.safetensors", *words)
    assert other_device.code == 0, other_device.err
    (data / "data" / "rings" / "0.png").unlink()
    run = cli("finetune", "--resume", "copy.checkpoint", "-q")
    assert_one_sentence(run)
    assert "are not those" in run.err


@pytest.mark.parametrize(("name", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_keeps_the_best_and_says_how_to_go_on(
    cli, data: Path, whole: bytes, environment, name: signal.Signals, code: int
) -> None:
    process = start(["finetune", "data", *LONG, "--out", "o.safetensors"], environment)
    wait_for(data / "o.safetensors.checkpoint", process)  # after the first epoch
    process.send_signal(name)
    _, said = process.communicate(timeout=90)
    assert process.returncode == code, said
    assert "the best so far: o.safetensors" in said
    assert open_encoder("o.safetensors").name == "tiny"
    assert "stopped by hand" in Path("o.md").read_text(encoding="utf-8")
    command = shlex.split(next(line for line in said.splitlines() if line.startswith("resume with: "))[13:])
    assert command[0] == "impasto"
    run = cli(*command[1:])
    assert run.code == 0, run.err
    assert run.out == f"{data / 'o.safetensors'}\n"
    assert Path("o.safetensors").read_bytes() == whole


def test_without_matplotlib_one_sentence_says_what_to_install(cli, data: Path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    run = cli("finetune", "data", *SMALL, "--epochs", "1", "--out", "o.safetensors")
    assert run.code == 0, run.err
    assert "pip install 'impasto[lab]'" in run.err
    assert Path("o.curves.csv").is_file()
    assert not Path("o.curves.png").exists()


def test_a_data_set_is_painted_once(cli, place: Path) -> None:
    run = cli("finetune", "--make-data", "painted", "--per-class", "1", "--seed", "3")
    assert (run.code, run.out) == (0, "painted\n")
    before = contents(place)
    assert_one_sentence(cli("finetune", "--make-data", "painted", "--per-class", "1"))
    assert contents(place) == before
    assert cli("finetune", "--make-data", "same", "--per-class", "1", "--seed", "3", "-q").code == 0
    assert contents(place / "same") == contents(place / "painted")


def test_every_setting_is_an_option() -> None:
    given = {parameter.name: parameter for parameter in load("finetune").params}
    for name, field in FinetuneSettings.model_fields.items():
        assert given[name].default is None
        assert given[name].help == field.description


def prepare(place: Path) -> None:
    """Put good and bad data sets and files into the working folder."""
    for name in ("a", "b"):
        (place / "good" / name).mkdir(parents=True)
        for index in range(3):
            make_picture(place / "good" / name / f"{index}.png", 40, 40, index)
    for name, classes in (("one class", "a"), ("one picture", "ab"), ("corrupt", "ab"), ("loose", "")):
        (place / name).mkdir()
        for label in classes:
            shutil.copytree(place / "good" / label, place / name / label)
    for index in (1, 2):
        (place / "one picture" / "b" / f"{index}.png").unlink()
        (place / "corrupt" / "b" / f"{index}.png").write_bytes(b"nothing")
    shutil.copy(place / "photo.png", place / "loose")
    (place / "void").mkdir()
    for name, state in (
        ("convolutions", tiny.random_state()),
        ("part", {**tiny.random_state(), "classifier.0.weight": torch.zeros(tiny.HIDDEN, 784)}),
        ("whole", {**tiny.random_state(), **tiny.random_classifier()}),
    ):
        card = json.dumps({"kind": "finetuned", "encoder": "tiny"})
        save_file(state, place / f"{name}.safetensors", metadata={"impasto": card})
    whole = (place / "whole.safetensors").read_bytes()
    (place / "cut.safetensors").write_bytes(whole[:-100])
    (place / "kept.md").write_text("mine")
    (place / "text.safetensors").write_bytes(b"not weights")
    (place / "text.checkpoint").write_bytes(b"not a checkpoint")


RUN = ("finetune", "good", *SMALL, "--epochs", "1")
FC = (*RUN, "--head", "fc")
BAD = {
    "nothing": (["finetune"], "--make-data"),
    "missing": (["finetune", "gone"], "'gone' does not exist"),
    "a file": (["finetune", "photo.png"], "'photo.png' is not a folder"),
    "empty": (["finetune", "void"], "'void' holds nothing"),
    "loose": (["finetune", "loose"], "no class folders"),
    "one class": (["finetune", "one class"], "only the class 'a'"),
    "one picture": (["finetune", "one picture", *SMALL], "class 'b' has 1 picture; every class needs at least 2"),
    "corrupt": (["finetune", "corrupt", *SMALL], "1 picture that can be read (2 cannot)"),
    "no weights": (["finetune", "good", "--encoder", "vgg19"], "Weights of 'vgg19' are missing"),
    "no resnet": (["finetune", "good", "--encoder", "resnet50"], "weights fetch resnet50"),
    "encoder": ([*RUN, "--encoder", "vgg91"], "Unknown encoder 'vgg91'"),
    "encoder file": ([*RUN, "--encoder", "gone.safetensors"], "does not exist"),
    "encoder text": ([*RUN, "--encoder", "text.safetensors"], "damaged"),
    "weights": (["finetune", "good", "--weights", "text.safetensors"], "damaged"),
    "head": ([*RUN, "--head", "fc9"], "fc9"),
    "no fc": (["finetune", "good", "--head", "fc"], "Encoder 'compact' has no classifier fc6, fc7, fc8; use vgg16"),
    "no fc weights": ([*FC, "--encoder", "vgg16"], "'impasto weights fetch vgg16' (553 MB) or give --weights FILE."),
    "convolutions": ([*FC, "--encoder", "convolutions.safetensors"], "hold only convolutions and no classifier"),
    "part of fc": ([*FC, "--encoder", "part.safetensors"], "lack classifier.0.bias, classifier.3.weight"),
    "cut": ([*FC, "--encoder", "cut.safetensors"], "damaged"),
    "fc8 alone": ([*FC, "--scope", "top", "--freeze-to", "fc7"], "--scope head"),
    "scope": ([*RUN, "--scope", "tail"], "tail"),
    "block": ([*RUN, "--scope", "top", "--freeze-to", "block7"], "Unknown block 'block7'"),
    "last block": ([*RUN, "--scope", "top", "--freeze-to", "block5"], "--scope head"),
    "block of all": ([*RUN, "--freeze-to", "block2"], "freeze_to is for scope top"),
    "epochs": ([*RUN, "--epochs", "0"], "epochs is 0"),
    "words": ([*RUN, "--epochs", "many"], "valid integer"),
    "size": ([*RUN, "--size", "5"], "size is 5"),
    "size above side": ([*RUN, "--size", "64"], "raise side or lower size"),
    "rate": ([*RUN, "--learning-rate", "nan"], "learning_rate is nan"),
    "validation": ([*RUN, "--validation", "1"], "validation is 1"),
    "seed": ([*RUN, "--seed", "-1"], "seed is -1"),
    "device": ([*RUN, "--device", "nope"], "Unknown device"),
    "suffix": ([*RUN, "--out", "o.pth"], "written as .safetensors"),
    "out folder": ([*RUN, "--out", "gone/o.safetensors"], "does not exist"),
    "out exists": ([*RUN, "--out", "text.safetensors"], "already exists"),
    "card exists": ([*RUN, "--out", "kept.safetensors"], "'kept.md' already exists"),
    "resume missing": (["finetune", "--resume", "gone"], "no such file"),
    "resume text": (["finetune", "good", "--resume", "text.checkpoint"], "damaged"),
    "make what is there": (["finetune", "--make-data", "good"], "exists already"),
    "make nowhere": (["finetune", "--make-data", "gone/x"], "cannot be painted"),
    "make none": (["finetune", "--make-data", "x", "--per-class", "0"], "from 1 to"),
    "make with a seed": (["finetune", "--make-data", "x", "--seed", "-1"], "seed"),
    "make and train": (["finetune", "good", "--make-data", "x"], "second command"),
    "make with scope": (["finetune", "--make-data", "x", "--scope", "head"], "leave --scope out"),
    "make with out": (["finetune", "--make-data", "x", "--out", "o.safetensors"], "leave --out out"),
    "make with weights": (["finetune", "--make-data", "x", "--weights", "w"], "leave --weights out"),
    "make with resume": (["finetune", "--make-data", "x", "--resume", "c"], "leave --resume out"),
    "per class alone": ([*RUN, "--per-class", "3"], "--per-class is for --make-data"),
    "classify nothing": (["classify"], "Missing argument"),
    "classify no model": (["classify", "gone.safetensors", "photo.png"], "do not exist"),
    "classify other classes": (
        ["classify", "vgg16", "photo.png", "--weights", "whole.safetensors"], "fine-tuned from 'tiny'"
    ),
    "classify text": (["classify", "text.safetensors", "photo.png"], "damaged"),
    "classify a picture": (["classify", "photo.png", "art.png"], "unknown format"),
    "stylize with text": (["stylize", "photo.png", "art.png", *TINY, "--encoder", "text.safetensors"], "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_changes_nothing(cli, place: Path, case: str) -> None:
    prepare(place)
    before = contents(place)
    words, expected = BAD[case]
    run = cli(*words)
    assert_one_sentence(run)
    assert expected in run.err
    assert contents(place) == before
