"""The networks that ship, as a table and as a contact sheet."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.feedforward.open_network import open_model
from impasto.feedforward.pretrained import pretrained_networks
from impasto.feedforward.stylizer import Stylizer
from impasto.lab import figure
from impasto.studio.instant_styles import trained_styles

from .test_bad_input import assert_one_sentence

PHOTOGRAPH = numpy.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype="uint8")


def test_every_network_has_two_lines(cli) -> None:
    run = cli("apply", "--list")
    assert (run.code, run.err) == (0, "")
    # Two lines of head and a rule.
    lines = [line.split("  ") for line in run.out.splitlines()[3:]]
    names = [line[0] for line in lines[::2]]
    assert names == sorted(pretrained_networks())
    titles = {style["name"]: style for style in trained_styles()}
    for line, style in zip(lines[::2], lines[1::2], strict=True):
        name, megabytes, strength, *controls = filter(None, line)
        model = open_model(pretrained_networks()[name])
        assert float(megabytes) == pytest.approx(model.path.stat().st_size / 1e6, abs=0.05)
        assert float(strength) == model.default_strength
        assert ("mix" in controls[0]) == (name not in titles)
        assert ("--style FILE" in style[1]) == (name not in titles)
        if name in titles:
            title, artist = style[1].split(", ")
            assert title == titles[name]["title"]
            assert titles[name]["credit"].startswith(artist + ", ")


def test_it_fits_on_a_narrow_terminal(cli, monkeypatch) -> None:
    from rich.console import Console

    console = Console(width=80)
    monkeypatch.setattr("impasto.cli.shipped_networks.wide_console", lambda: console)
    lines = cli("apply", "--list").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
    assert all(any(line.startswith(f"{name} ") for line in lines) for name in pretrained_networks())


def test_the_sheet_shows_the_photograph_in_every_trained_style(cli, place: Path, monkeypatch) -> None:
    pytest.importorskip("matplotlib")
    drawn: list[figure.Panel] = []
    draw = figure.draw

    def spy(rows, **options):
        drawn.extend(panel for row in rows for panel in row)
        return draw(rows, **options)

    Image.fromarray(PHOTOGRAPH).save("astronaut.jpg", format="PNG")
    networks = pretrained_networks()
    monkeypatch.setattr("impasto.studio.sample_pictures._FOLDER", place)
    monkeypatch.setattr(
        "impasto.feedforward.pretrained.pretrained_networks",
        lambda: {name: networks[name] for name in ("any", "two-poplars", "baby-cradle")},
    )
    monkeypatch.setattr(figure, "draw", spy)
    run = cli("apply", "--list", "--sheet", "sheet.png")
    assert run.code == 0, run.err
    assert run.out.splitlines()[-1] == "sheet.png"
    assert [panel.caption for panel in drawn] == ["the photograph", "baby-cradle", "two-poplars"]
    assert (drawn[0].picture == PHOTOGRAPH).all()
    for panel in drawn[1:]:
        painted = Stylizer(str(networks[panel.caption])).paint(PHOTOGRAPH).image
        assert (panel.picture == numpy.asarray(painted)).all()
    with Image.open("sheet.png") as image:
        assert image.format == "PNG"
        assert image.width > 2 * image.height


def test_without_matplotlib_the_sheet_is_one_sentence(cli, place: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run = cli("apply", "--list", "--sheet", "sheet.png")
    assert_one_sentence(run)
    assert "pip install 'impasto[lab]'" in run.err
    assert run.out == ""
    assert not Path("sheet.png").exists()
