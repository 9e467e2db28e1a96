"""Every other command does what it says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.cli.progress import loss_unit
from impasto.encoders.catalogue import CATALOGUE
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.training_presets import PUBLISHED
from impasto.imaging import read_embedded_json
from impasto.metrics import MEASURES
from impasto.optimize.presets import PRESETS, make_recipe

from .conftest import TINY


@pytest.mark.parametrize(("aspect", "size"), [("16:9", (32, 18)), ("0.5", (16, 32)), (None, (32, 32))])
def test_a_texture_has_the_aspect_asked_for(
    cli, place: Path, aspect: str | None, size: tuple[int, int]
) -> None:
    words = [] if aspect is None else ["--aspect", aspect]
    run = cli("texture", "art.png", *TINY, *words)
    assert (run.code, run.out) == (0, "art-texture.png\n"), run.err
    with Image.open("art-texture.png") as image:
        assert image.size == size
    recipe = read_embedded_json("art-texture.png")
    assert recipe["recipe"]["start"] == "style"
    assert recipe["content"] is None


def test_a_reconstruction_uses_one_layer_and_no_style(cli, place: Path) -> None:
    run = cli("reconstruct", "photo.png", *TINY, "--layer", "relu2_1")
    assert (run.code, run.out) == (0, "photo-relu2_1.png\n"), run.err
    recipe = read_embedded_json("photo-relu2_1.png")
    assert recipe["recipe"]["content_layers"] == {"relu2_1": 1.0}
    assert recipe["recipe"]["style_layers"] == {}
    assert recipe["recipe"]["start"] == "noise"


def test_a_plan_in_json_is_the_schedule(cli, place: Path) -> None:
    run = cli("plan", "photo.png", "art.png", *TINY, "--scales", "16:5,32:3", "--steps", "16", "--json")
    assert run.code == 0, run.err
    plan = json.loads(run.out)
    assert [(s["width"], s["height"], s["steps"]) for s in plan["scales"]] == [(16, 16, 10), (32, 24, 6)]
    assert plan["steps"] == 16
    assert plan["recipe"]["encoder"] == "tiny"
    assert list(place.glob("*.png*")) == list(place.glob("*.png"))


def test_a_plan_as_a_table(cli, place: Path) -> None:
    run = cli("plan", "photo.png", "art.png", *TINY)
    assert run.code == 0, run.err
    for word in ("tiny", "float32", "relu4_1 1", "32x24", "GMAC", "memory", "about"):
        assert word in run.out


def test_a_plan_that_does_not_fit_is_still_a_plan(cli, place: Path, monkeypatch) -> None:
    monkeypatch.setattr("impasto.optimize.run.available_memory", lambda device: 1 << 20)
    run = cli("plan", "photo.png", "art.png", *TINY)
    assert run.code == 0
    assert "does not fit" in run.out
    assert json.loads(cli("plan", "photo.png", "art.png", *TINY, "--json").out)["fits"] is False
    refused = cli("stylize", "photo.png", "art.png", *TINY)
    assert refused.code == 4
    assert "GB" in refused.err
    assert not Path("photo-art.png").exists()


def test_a_texture_can_be_planned(cli, place: Path) -> None:
    plan = json.loads(cli("plan", "--style", "art.png", *TINY, "--aspect", "2:1", "--json").out)
    assert (plan["width"], plan["height"]) == (32, 16)


def test_presets(cli) -> None:
    run = cli("presets")
    assert run.code == 0
    assert all(name in run.out for name in PRESETS)
    listed = {row["name"]: row["command"] for row in json.loads(cli("presets", "--json").out)}
    assert listed == {**dict.fromkeys(PRESETS, "stylize"), **dict.fromkeys(PUBLISHED, "train")}
    shown = cli("presets", "gatys")
    assert "CVPR 2016" in shown.out
    assert PRESETS["gatys"].deviations[0][:40] in shown.out
    assert json.loads(cli("presets", "gatys", "--json").out)["recipe"] == make_recipe("gatys").to_json()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_training_shows_its_source_and_every_deviation(cli, name: str) -> None:
    shown, preset = cli("presets", name), PUBLISHED[name]
    assert shown.code == 0
    assert preset.source in shown.out
    assert all(text in shown.out for text in preset.deviations)
    painting, training = json.loads(cli("presets", name, "--json").out)
    assert (painting["command"], training["command"]) == ("stylize", "train")
    settings = training["settings"]
    assert settings == GivenStyleSettings.make({"preset": name}).model_dump()


def test_weights_are_listed_and_their_folder_named(cli, place: Path) -> None:
    run = cli("weights", "list")
    assert run.code == 0
    assert all(name in run.out for name in CATALOGUE)
    rows = json.loads(cli("weights", "list", "--json").out)
    assert not any(row["present"] for row in rows)
    assert cli("weights", "where").out.strip().endswith("no-weights")
    assert cli("weights", "verify").code == 0


def test_weights_are_fetched_only_after_a_yes(cli, place: Path, monkeypatch) -> None:
    import io

    asked: list[str] = []

    def fetch(record, progress):
        asked.append(record.name)
        progress(5, 10)
        return place / record.filename

    monkeypatch.setattr("impasto.encoders.store.fetch_weights", fetch)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = cli("weights", "fetch", "vgg19")
    assert refused.code == 3
    assert "574,673,361 bytes" in refused.out
    assert CATALOGUE["vgg19"].licence in refused.out
    assert asked == []
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert cli("weights", "fetch", "vgg19").code == 0
    assert cli("weights", "fetch", "vgg16-caffe", "--yes").code == 0
    assert asked == ["vgg19", "vgg16-caffe"]


def test_a_wrong_file_is_not_verified(cli, place: Path, monkeypatch) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(place))
    (place / CATALOGUE["vgg19"].filename).write_bytes(b"wrong")
    for words in (["verify"], ["verify", "vgg19"]):
        run = cli("weights", *words)
        assert run.code == 3
        assert run.err.startswith("impasto: Weights ")


def test_the_judge_scores_the_baselines_as_they_are(cli, place: Path) -> None:
    assert cli("stylize", "photo.png", "art.png", *TINY, "--size", "64", "--out", "o.png").code == 0
    words = ["evaluate", "o.png", "--encoder", "tiny", "--size", "64"]
    run = cli(*words, "--json")
    assert run.code == 0, run.err
    rows = json.loads(run.out)
    assert rows["content"]["content"] == pytest.approx(0, abs=1e-6)
    assert rows["content"]["ssim"] == pytest.approx(1, abs=1e-4)
    assert rows["output"]["style"] > 0
    output = rows["output"]
    layers = [output[f"relu{block}_1"] for block in range(1, 6)]
    assert output["style"] == pytest.approx(sum(layers[:4]))
    assert output["style5"] == pytest.approx(sum(layers))
    assert set(output) | set(rows["missing"]) == set(MEASURES)
    named = cli(*words, "--json", "--content", "photo.png", "--style", "art.png")
    assert json.loads(named.out) == rows
    table = cli(*words)
    for word in ("STYLE5", "relu5_1", "CONTENT", "CHECKERBOARD", "SSIM", "output", "content", "style"):
        assert word in table.out


def test_without_vgg19_the_shipped_encoder_judges_and_says_so(cli, place: Path) -> None:
    words = ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png", "--size", "32"]
    run = cli(*words, "--measures", "style5,checkerboard", "--json")
    assert run.code == 0, run.err
    report = json.loads(run.out)
    assert report["encoder"] == "compact"
    assert "VGG-19 are not here" in report["fallback"]
    assert "VGG-19 are not here" in run.err
    assert set(report["output"]) == {"style5", "checkerboard"}
    # An encoder that was asked for is never replaced.
    assert cli(*words, "--encoder", "vgg19").code == 3
    named = json.loads(cli(*words, "--encoder", "compact", "--measures", "style5", "--json").out)
    assert named["fallback"] is None
    assert named["output"]["style5"] == report["output"]["style5"]


def test_two_sizes_of_a_picture_are_compared(cli, place: Path) -> None:
    with Image.open("photo.png") as photo:
        photo.resize((photo.width * 2, photo.height * 2), Image.Resampling.BICUBIC).save("large.png")
    words = ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png", "--size", "64"]
    words += ["--encoder", "tiny", "--measures", "checkerboard", "--json"]
    same, other = (
        json.loads(cli(*words, "--against", name).out)["against"] for name in ("large.png", "art.png")
    )
    assert set(same) == {"style5_change", "style5_between", "layout"}
    assert all(same[name] < other[name] for name in same)
    assert same["layout"] < 2
    assert "against" not in json.loads(cli(*words).out)


def test_the_demo_paints_offline(cli, place: Path) -> None:
    pytest.importorskip("skimage", reason="the demo's photographs come with scikit-image")
    run = cli(
        "demo", "--out", "d", "--size", "64", "--quality", "draft", "--encoder", "tiny", "--photo", "coffee"
    )
    assert run.code == 0, run.err
    assert run.out.split() == ["d/coffee.png", "d/swirls.png", "d/coffee-swirls.png"]
    with Image.open("d/coffee-swirls.png") as image:
        assert max(image.size) == 64
        assert numpy.asarray(image).std() > 5


def test_every_photograph_of_the_demo_is_inside_a_wheel() -> None:
    from impasto.cli.demo import PHOTOS, photo_path

    for package in ("skimage", "matplotlib"):
        pytest.importorskip(package, reason="an optional part")
    assert all(photo_path(name).is_file() for name in PHOTOS)


def test_the_demo_without_its_part_says_how_to_get_it(cli, place: Path, monkeypatch) -> None:
    monkeypatch.setattr("impasto.cli.demo.find_spec", lambda package: None)
    run = cli("demo", "--size", "64")
    assert run.code == 6
    assert "pip install 'impasto[demo]'" in run.err
    assert not Path("impasto-demo").exists()


def test_the_demo_lists_what_there_is(cli) -> None:
    run = cli("demo", "--list")
    assert run.code == 0
    assert all(name in run.out for name in ("chelsea", "hopper", "swirls", "woodcut", "ink"))


@pytest.mark.parametrize(
    ("loss", "unit"),
    [(0.5, 1), (0.0, 1), (99_999, 1), (1.107e13, 1e12), (2e5, 1e3), (4e-5, 1e-6), (math.inf, 1)],
)
def test_losses_are_shown_in_a_readable_unit(loss: float, unit: float) -> None:
    assert loss_unit(loss) == pytest.approx(unit)


def test_the_unit_of_losses_is_said_once(cli, place: Path) -> None:
    words = ("--preset", "gatys", "--content-layers", "relu4_2", "--style-weight", "1e12")
    run = cli("stylize", "photo.png", "art.png", *TINY, *words)
    assert run.code == 0
    (said,) = [line for line in run.err.splitlines() if "units of 10^" in line]
    assert said.startswith("losses are in units of 10^")
    assert "e+" not in run.err
