"""Fine-tuning cells: trained once per identity, on painted pictures or a folder, with correct values."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from PIL import Image

from impasto.encoder_training.finetune.painted import paint_folder
from impasto.encoders import CATALOGUE, has_classifier, open_encoder, tiny
from impasto.errors import RecipeError
from impasto.lab import FinetuneCell, Setting, find_study, write_report
from impasto.lab.classes import given_classes, painted_classes
from impasto.lab.studies.finetune_vgg import WITH_CLASSIFIER
from impasto.lab.trained_cell import _shades, settings_of

from .conftest import SMALL
from .test_run import go

STUDY = dataclasses.replace(
    SMALL,
    cells=lambda _: [FinetuneCell({"scope": s}, {"scope": s, "batch": 4}, 3, 5) for s in ("head", "all")],
    measures=(),
    styles=0,
    notes=lambda rows: [f"{row.label}: {row['accuracy']}" for row in rows],
)


def test_it_is_trained_once_and_counted_right(laboratory) -> None:
    first = go(STUDY, laboratory)
    assert first.computed == 2
    again = go(STUDY, laboratory)
    assert again.computed == 0
    assert [row.values for row in again.rows] == [row.values for row in first.rows]
    head, whole = first.rows
    assert head["trained parameters"] == 3 * (16 + 1)
    assert whole["trained parameters"] == 3 * (16 + 1) + sum(
        p.numel() for p in open_encoder("tiny").parameters()
    )
    for row in first.rows:
        assert row["chance"] == pytest.approx(1 / 3)
        assert (row["trained on"], row["held out"], row["epochs"]) == (12, 3, 3)
        trace = row.trace()
        assert [line["epoch"] for line in trace] == [1, 2, 3]
        assert row["accuracy"] == pytest.approx(max(line["validation_accuracy"] for line in trace))
        assert row["best epoch"] in [
            line["epoch"] for line in trace if line["validation_accuracy"] == pytest.approx(row["accuracy"])
        ]
        assert 0 < trace[0]["seconds"] < trace[2]["seconds"] == pytest.approx(row["seconds"], rel=1e-5)


def test_what_is_chosen_makes_another_cell_and_what_is_not_does_not(laboratory) -> None:
    go(STUDY, laboratory)
    fewer = dataclasses.replace(
        STUDY, cells=lambda _: [FinetuneCell({"scope": "head"}, {"scope": "head", "batch": 4}, 3, 4)]
    )
    assert go(fewer, laboratory).computed == 1
    setting = dataclasses.replace(laboratory.setting, most_steps=2)
    assert go(STUDY, dataclasses.replace(laboratory, setting=setting)).computed == 2
    styles = dataclasses.replace(laboratory.pictures, styles=())
    assert go(STUDY, dataclasses.replace(laboratory, pictures=styles)).computed == 0


def test_vgg_is_tuned_with_its_fully_connected_layers(laboratory) -> None:
    result = go(find_study("finetune-vgg"), laboratory)
    fc8, from_conv3, whole = (row["trained parameters"] for row in result.rows)
    encoder, hidden, classes = open_encoder("tiny"), tiny.HIDDEN, 10
    assert fc8 == classes * (hidden + 1)
    assert whole == sum(p.numel() for p in encoder.parameters()) + hidden * (16 * 49 + 1 + hidden + 1) + fc8
    fixed = sum(p.numel() for name in ("conv1_1", "conv2_1") for p in encoder.convolutions[name].parameters())
    assert whole - from_conv3 == fixed
    assert set(WITH_CLASSIFIER) == {"tiny", *filter(has_classifier, CATALOGUE)}


def test_sizes_with_fully_connected_layers_are_those_of_vgg() -> None:
    cell = FinetuneCell({}, {"head": "fc"})
    plans = [settings_of(cell, Setting("vgg16", longest=longest)) for longest in (None, 64)]
    assert [(plan.size, plan.side) for plan in plans] == [(224, 256), (56, 64)]


def test_without_vgg16_the_study_says_how_to_get_it(laboratory) -> None:
    setting = dataclasses.replace(laboratory.setting, encoder="compact")
    result = go(find_study("finetune-vgg"), dataclasses.replace(laboratory, setting=setting))
    assert len(result.rows) == 3
    for row in result.rows:
        assert (
            "run 'impasto weights fetch vgg16' (553 MB) or set IMPASTO_WEIGHTS_DIR to its folder."
            in row.missing
        )


def test_a_folder_of_the_users(laboratory, tmp_path) -> None:
    for name, level in (("dark", 20), ("light", 230)):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (40, 36), (level + number,) * 3).save(tmp_path / "mine" / name / f"{number}.png")
    setting = dataclasses.replace(laboratory.setting, data=str(tmp_path / "mine"))
    mine = dataclasses.replace(laboratory, setting=setting)
    result = go(STUDY, mine)
    assert result.rows[0]["chance"] == 0.5
    assert not (laboratory.out / "painted").exists()
    report = write_report(result).read_text(encoding="utf-8")
    assert "2 classes, 8 in all, from the folder 'mine'" in report
    assert "Judged" not in report
    assert json.loads((result.folder / "data.json").read_text())["rows"][0]["recipe"]["pictures"] == {
        "dark": 4,
        "light": 4,
    }
    assert go(STUDY, mine).computed == 0
    Image.new("RGB", (40, 36)).save(tmp_path / "mine" / "dark" / "3.png")
    assert go(STUDY, mine).computed == 2


def test_painted_pictures_are_those_of_finetune_and_painted_once(tmp_path) -> None:
    paint_folder(tmp_path / "theirs", 2)
    classes = painted_classes(tmp_path, 160, 2, 2)
    assert len(list(classes.paint())) == classes.count == 4
    for name, paths in classes.folders.classes.items():
        for path in paths:
            assert path.read_bytes() == (tmp_path / "theirs" / name / path.name).read_bytes()
    assert list(classes.paint()) == []
    theirs = given_classes(tmp_path / "theirs", 2, 1)
    assert (len(theirs.folders.classes), theirs.count) == (2, 2)


def test_what_cannot_be_trained_says_why(laboratory, tmp_path) -> None:
    setting = dataclasses.replace(laboratory.setting, data=str(tmp_path / "nowhere"))
    result = go(STUDY, dataclasses.replace(laboratory, setting=setting))
    assert all("nowhere" in row.missing for row in result.rows)
    with pytest.raises(RecipeError, match="scope"):
        settings_of(FinetuneCell({}, {"scope": "half"}), laboratory.setting)


def test_the_shades_of_a_confusion_matrix() -> None:
    picture = _shades(torch.tensor([[3, 1], [0, 0]]))
    assert picture.shape == (1, 3, 320, 320)
    found = [float(picture[0, 1, y, x]) / 0.94 for y in (80, 240) for x in (80, 240)]
    assert found == pytest.approx([0.25, 0.75, 1.0, 1.0])
