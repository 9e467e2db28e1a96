"""The speed of an encoder is measured once and kept."""

from __future__ import annotations

import json

import pytest
import torch

from impasto.encoders import open_encoder
from impasto.optimize import calibration

LAYERS = ["relu1_1", "relu3_1"]
CPU = torch.device("cpu")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(calibration.platformdirs, "user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(calibration, "SIDE", 32)
    return tmp_path / "impasto" / "speed"


def test_the_speed_is_measured_once_for_an_encoder_and_its_layers(cache, monkeypatch):
    encoder = open_encoder("tiny")
    speed = calibration.gradient_speed(encoder, LAYERS, CPU)
    assert speed > 0
    (file,) = cache.iterdir()
    monkeypatch.setattr(calibration, "_measure", lambda *given: pytest.fail("measured again"))
    assert calibration.gradient_speed(encoder, LAYERS, CPU) == speed
    file.write_text(json.dumps({"macs_per_second": 5.0}))
    assert calibration.gradient_speed(encoder, LAYERS, CPU) == 5.0
    with pytest.raises(pytest.fail.Exception):
        calibration.gradient_speed(encoder, ["relu2_1"], CPU)


@pytest.mark.parametrize(
    "damaged", ["", "{}", "[]", '{"macs_per_second": "fast"}', '{"macs_per_second": -1}']
)
def test_a_damaged_file_is_measured_again(cache, damaged):
    encoder = open_encoder("tiny")
    calibration.gradient_speed(encoder, LAYERS, CPU)
    (file,) = cache.iterdir()
    file.write_text(damaged)
    assert calibration.gradient_speed(encoder, LAYERS, CPU) > 0
    assert json.loads(file.read_text())["macs_per_second"] > 0


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(calibration.platformdirs, "user_cache_path", lambda name: tmp_path / "file" / name)
    assert calibration.gradient_speed(open_encoder("tiny"), LAYERS, CPU) > 0
