"""The commands of trained networks: pictures, folders, what is done already, and files for other programs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.cli.apply import _check_places
from impasto.errors import RecipeError
from impasto.imaging import read_embedded_json

from .bad_cases import network
from .conftest import make_picture, pixels

STYLE = ("--style", "art.png", "--backend", "torch")


@pytest.fixture
def net(place: Path) -> Path:
    path = place / "net.safetensors"
    path.write_bytes(network("network:any", (4, 4, 4)))
    return path


def test_one_picture_into_a_file_with_its_settings_inside(cli, net, place) -> None:
    run = cli("apply", net, "photo.png", *STYLE, "--out", "o.png", "--strength", "0.8")
    assert (run.code, run.out) == (0, "o.png\n")
    assert pixels(place / "o.png").shape == (36, 48, 3)
    found = read_embedded_json(place / "o.png")
    assert [Path(style).name for style in found["styles"]] == ["art.png"]
    assert (found["recipe"]["strength"], found["recipe"]["network"]) == (0.8, str(net.resolve()))


def test_a_folder_goes_on_where_it_was_and_says_at_the_end_what_was_wrong(cli, net, place) -> None:
    folder = place / "in"
    folder.mkdir()
    make_picture(folder / "a.jpg", 40, 30, 5)
    make_picture(folder / "c.png", 17, 60, 6)
    (folder / "b.png").write_bytes(b"no picture")
    run = cli("apply", net, folder, *STYLE, "--out", "done")
    assert run.code == 5
    assert sorted(p.name for p in (place / "done").iterdir()) == ["a-art.jpg", "c-art.png"]
    assert "b.png" in run.err.splitlines()[-1]
    (folder / "b.png").unlink()
    (place / "done" / "a-art.jpg").unlink()
    before = (place / "done" / "c-art.png").stat().st_mtime_ns
    run = cli("apply", net, folder, *STYLE, "--out", "done")
    assert run.code == 0
    assert "1 of 2 pictures painted, 1 were there already" in run.err
    assert (place / "done" / "c-art.png").stat().st_mtime_ns == before
    assert cli("apply", net, folder, *STYLE, "--out", "done", "--again", "--quiet").err == ""
    assert (place / "done" / "c-art.png").stat().st_mtime_ns > before


def test_size_alpha_mixtures_and_masks(cli, net, place) -> None:
    Image.fromarray(numpy.dstack([pixels(place / "photo.png"), numpy.full((36, 48), 90, "uint8")])).save(
        "p.png"
    )
    two = ("--style", "art.png", "--style", "art2.png", "--backend", "torch")
    assert cli("apply", net, "p.png", *two, "--mix", "0.3", "--size", "24", "--out", "m.png").code == 0
    assert pixels(place / "m.png").shape == (18, 24, 4)
    assert (pixels(place / "m.png")[..., 3] == 90).all()
    assert cli("apply", net, "photo.png", *two, "--mask", "left", "--out", "n.png").code == 0
    assert pixels(place / "n.png").shape == (36, 48, 3)


def test_two_photographs_of_one_name_are_refused(cli, net, place) -> None:
    (place / "in").mkdir()
    make_picture(place / "in" / "photo.png", 20, 20, 3)
    run = cli("apply", net, "photo.png", "in", *STYLE)
    assert run.code == 2
    assert "photo-art.png" in run.err


@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="needs impasto[export]",
)
def test_export_writes_a_checked_file(cli, net, place) -> None:
    run = cli("export", net, "o.onnx", "--style", "art.png")
    assert (run.code, run.out) == (0, "o.onnx\n"), run.err

    assert "largest difference" in run.err
    assert (place / "o.onnx").stat().st_size > 1000


@pytest.mark.parametrize(
    "words",
    [
        ("apply", "two-poplars", "photo.png", "--strength", "0.8", "--stroke", "1.2", "--size", "40"),
        ("apply", "net.safetensors", "photo.png", *STYLE, "--style", "art2.png", "--mask", "left"),
        ("stylize", "photo.png", "art.png", "--fast", "--size", "40", "--colors", "0.5"),
        ("stylize", "photo.png", "--style", "art.png", "--style", "art2.png", "--fast", "--mask", "mask.png"),
    ],
)
def test_a_picture_of_one_pass_is_replayed_from_itself_and_from_its_sidecar(cli, net, place, words) -> None:
    Image.fromarray(numpy.tile(numpy.repeat([255, 0], 24), (36, 1)).astype("uint8")).save("mask.png")
    assert cli(*words, "--out", "o.png").code == 0
    assert cli("stylize", "--from", "o.png", "--out", "again.png").code == 0
    assert (pixels(place / "again.png") == pixels(place / "o.png")).all()
    assert cli("stylize", "--from", "again.png.json", "--out", "third.png").code == 0
    assert (pixels(place / "third.png") == pixels(place / "o.png")).all()
    assert read_embedded_json(place / "third.png") == read_embedded_json(place / "o.png")


def test_a_replay_takes_other_settings_and_pictures(cli, net, place) -> None:
    assert cli("apply", "two-poplars", "photo.png", "--out", "o.png").code == 0
    run = cli("stylize", "art.png", "art2.png", "--from", "o.png", "--strength", "0.2", "--out-dir", "done")
    assert (run.code, len(run.out.splitlines())) == (0, 2)
    assert read_embedded_json(place / "done" / "art-two-poplars.png")["recipe"]["strength"] == 0.2
    for words in (("--strength", "2.5"), ("--steps", "3"), ("--style", "art.png"), ("--timelapse", "t.webp")):
        refused = cli("stylize", "--from", "o.png", "--out", "p.png", *words)
        assert refused.code == 2
        assert not (place / "p.png").exists()


def test_fast_takes_every_stroke_of_the_network(cli, place) -> None:
    fast = ("stylize", "photo.png", "art.png", "--fast", "--size", "32")
    assert cli(*fast, "--stroke", "0.25", "--out", "o.png").code == 0
    assert read_embedded_json(place / "o.png")["recipe"]["stroke"] == 0.25
    replay = ("stylize", "--from", "o.png", "--out", "p.png")
    assert cli(*replay, "--stroke", "0.3").code == 0
    assert read_embedded_json(place / "p.png")["recipe"]["stroke"] == 0.3
    for words in (fast, replay):
        refused = cli(*words, "--stroke", "4.5")
        assert refused.code == 2
        assert "a number from 0.25 (fine) to 4.0 (broad), not 4.5" in refused.err


def test_fast_replays_no_optimised_picture(cli, place) -> None:
    assert cli("stylize", "photo.png", "art.png", "--size", "32", "--steps", "1", "--out", "o.png").code == 0
    assert "not painted in one pass" in cli("stylize", "--from", "o.png", "--fast", "--out", "p.png").err


def test_thousands_of_photographs_are_compared_with_their_places_at_once(tmp_path: Path, monkeypatch) -> None:
    """Each file is resolved once, where every place with every photograph would take half a minute for a thousand."""
    resolved: list[Path] = []
    resolve = Path.resolve

    def counting(self: Path, strict: bool = False) -> Path:
        resolved.append(self)
        return resolve(self, strict)

    monkeypatch.setattr(Path, "resolve", counting)
    photographs = [tmp_path / f"{number}.png" for number in range(50)]
    places = [tmp_path / "o" / photograph.name for photograph in photographs]
    _check_places(places, photographs)
    assert len(resolved) == 100
    with pytest.raises(RecipeError, match="would overwrite"):
        _check_places([photographs[7]], photographs)
    with pytest.raises(RecipeError, match="would both be"):
        _check_places([places[0], tmp_path / "o" / ".." / "o" / places[0].name], photographs)
