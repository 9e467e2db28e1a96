"""A job that is stopped and kept has the ordered size, whichever scale it had reached."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from impasto.optimize import make_recipe
from impasto.studio import report_rate
from impasto.studio.paint_process import PaintTask

from .conftest import TINY, picture
from .fake_worker import body, worker_here

PYRAMID = {**TINY, "size": 64, "scales": [[16, 4], [32, 4], [64, 4]], "steps": 12, "start": "content"}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("steps", [1, 5, 9])
def test_the_kept_picture_has_the_ordered_size(tmp_path, monkeypatch, steps, mode) -> None:
    monkeypatch.setattr(report_rate, "STEP_SECONDS", 0.0)
    for seed, name in enumerate(("photo", "style")):
        (tmp_path / name).write_bytes(picture(seed, 96, 72, mode=mode))
    task = PaintTask(
        "a" * 32,
        tmp_path,
        make_recipe(**PYRAMID).to_json(),
        str(tmp_path / "photo"),
        [str(tmp_path / "style")],
        {},
    )
    sent: list[tuple] = []
    worker = worker_here(sent)

    def send(*message) -> None:
        sent.append(message)
        if message[0] == "step" and message[2] == steps:
            worker.messages.put(("stop", task.id, "keep"))

    worker.send = send
    worker._paint(task)
    kind, _, state, error, progress = sent[-1]
    assert (kind, state, error, progress["scale"]) == ("stopped", "stopped", None, (64, 48))
    with Image.open(tmp_path / "picture.png") as image:
        assert (image.size, image.mode) == ((64, 48), mode)


@pytest.mark.parametrize(("size", "scale"), [(None, [1024, 768]), (64, [64, 48]), (2000, [2000, 1500])])
def test_a_waiting_job_has_the_ordered_size(idle_studio, size, scale) -> None:
    """Also one without a size, which has that of its photograph, at most 1024."""
    sample = next(iter(idle_studio.pictures.samples))
    row = replace(idle_studio.database.picture(sample), width=1600, height=1200)
    idle_studio.database.save_picture(row)
    job = idle_studio.submit(body(idle_studio, recipe={**TINY, "size": size}))
    assert idle_studio.job_store.to_json(job)["scale"] == scale


def test_the_gallery_shows_the_size_of_the_picture(idle_studio, worker) -> None:
    """Not that of the scale at which the job was stopped."""
    job = idle_studio.submit(body(idle_studio, recipe=PYRAMID))
    worker.report("step", job.id, 2, (16, 12), 1.0, 5.0)
    assert idle_studio.job_store.to_json(job)["scale"] == [16, 12]
    worker.report("stopped", job.id, "stopped", None, {"step": 2, "scale": (64, 48)})
    assert idle_studio.job_store.to_json(idle_studio.database.job(job.id))["scale"] == [64, 48]
