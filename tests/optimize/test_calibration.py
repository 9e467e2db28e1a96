"""The speed of an encoder is measured a few times and kept."""

from __future__ import annotations

import json
import time

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


@pytest.fixture
def measure(monkeypatch):
    """Return a function that gives the next measurements, and forgets those of this process."""

    def give(*speeds: float) -> None:
        left = iter(speeds)
        monkeypatch.setattr(calibration, "_measure", lambda *given: next(left))
        monkeypatch.setattr(calibration, "_measured_here", set())

    return give


def test_a_process_measures_an_encoder_and_its_layers_once(cache, monkeypatch):
    encoder = open_encoder("tiny")
    speed = calibration.gradient_speed(encoder, LAYERS, CPU)
    assert speed > 0
    monkeypatch.setattr(calibration, "_measure", lambda *given: pytest.fail("measured again"))
    assert calibration.gradient_speed(encoder, LAYERS, CPU) == speed
    with pytest.raises(pytest.fail.Exception):
        calibration.gradient_speed(encoder, ["relu2_1"], CPU)


def test_the_fastest_of_three_processes_counts_until_the_next_day(cache, measure, monkeypatch):
    encoder = open_encoder("tiny")
    for given, expected in ((3.0, 3.0), (9.0, 9.0), (5.0, 9.0)):
        measure(given)
        assert calibration.gradient_speed(encoder, LAYERS, CPU) == expected
    measure()
    assert calibration.gradient_speed(encoder, LAYERS, CPU) == 9.0
    tomorrow = time.time() + 25 * 3600
    monkeypatch.setattr(calibration.time, "time", lambda: tomorrow)
    for given, expected in ((4.0, 9.0), (2.0, 5.0)):  # the oldest is forgotten
        measure(given)
        assert calibration.gradient_speed(encoder, LAYERS, CPU) == expected
        tomorrow += 25 * 3600


@pytest.mark.parametrize(
    "damaged",
    ["", "{}", "[]", '{"macs_per_second": 1}', '{"macs_per_second": [-1], "measured": 1}'],
)
def test_a_damaged_file_is_measured_again(cache, damaged):
    encoder = open_encoder("tiny")
    calibration.gradient_speed(encoder, LAYERS, CPU)
    (file,) = cache.iterdir()
    file.write_text(damaged)
    assert calibration.gradient_speed(encoder, LAYERS, CPU) > 0
    assert min(json.loads(file.read_text())["macs_per_second"]) > 0


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(calibration.platformdirs, "user_cache_path", lambda name: tmp_path / "file" / name)
    assert calibration.gradient_speed(open_encoder("tiny"), LAYERS, CPU) > 0
