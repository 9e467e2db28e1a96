"""Damaged and missing databases: the gallery is made again from the files, and no picture is lost."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch

from impasto.errors import OutputError
from impasto.imaging import write_picture
from impasto.optimize import Painter, Stepped, make_recipe
from impasto.painting import open_job
from impasto.studio import image_service
from impasto.studio.clip_settings import ClipSettings
from impasto.studio.database import PictureRow
from impasto.studio.errors import RequestError
from impasto.studio.folder import new_id
from impasto.studio.processes import ChildProcess, HelperProcess, _status_and_message
from impasto.studio.service import StudioService
from impasto.studio.settings import StudioSettings
from impasto.studio.workers import WorkerPool

from .conftest import OPEN, TINY
from .fake_worker import body

COUNT = 40  # enough rows for several pages of the database
HANDLERS = {
    "check": image_service.check,
    "embedded_recipe": image_service.embedded_recipe,
    "checkpoint_settings": image_service.checkpoint_settings,
    "check_clip": image_service._clips("check_clip"),
}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handlers of the image process run here, and no process starts."""

    async def call(self, kind, seconds=60.0, **request):
        try:
            return HANDLERS[kind](**request)
        except Exception as error:
            raise RequestError(*_status_and_message(error)) from error

    monkeypatch.setattr(HelperProcess, "call", call)
    monkeypatch.setattr(ChildProcess, "start", lambda self: None)
    monkeypatch.setattr(WorkerPool, "start", lambda self: None)


def opened(data: Path, messages: list[str] | None = None, **options) -> StudioService:
    report = (messages if messages is not None else []).append
    studio = StudioService(StudioSettings(data, limits=OPEN, **options), report)
    asyncio.run(studio.start())
    return studio


def gallery(studio: StudioService) -> dict[str, tuple]:
    """What the gallery shows of each finished picture."""
    jobs = studio.database.page(None, 10_000)
    return {
        job.id: (job.content, tuple(job.styles), job.recipe["seed"], job.recipe["strength"], job.guides)
        for job in jobs
        if job.has_picture and studio.folder.result(job.id).is_file()
    }


def finish(studio: StudioService, seed: int) -> str:
    """A job whose picture was written as a worker writes it, with file paths in its provenance."""
    job = studio.submit(body(studio, recipe={**TINY, "seed": seed}, guides={"masks": ["left"]}))
    files = {
        "content": str(studio.folder.picture(job.content)),
        "styles": [str(studio.folder.picture(style)) for style in job.styles],
    }
    provenance = {"recipe": job.recipe, **files, "guides": {"masks": ["left"]}}
    write_picture(studio.folder.result(job.id), torch.rand(1, 3, 12, 16), provenance=provenance)
    studio.job_store.set_state(job, "done")
    return job.id


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder of a studio with finished pictures, a source picture with a name, and a paused job."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChildProcess, "start", lambda self: None)
        studio = StudioService(StudioSettings(tmp_path_factory.mktemp("made") / "data", limits=OPEN))
        studio.pictures.add_samples()
        for seed in range(COUNT):
            finish(studio, seed)
        unfinished = studio.submit(body(studio))
        _checkpoint(studio, unfinished)
        studio.job_store.set_state(unfinished, "paused")
        sample = next(iter(studio.pictures.samples))
        data = studio.folder.picture(sample).read_bytes() + b"changed"

        own = hashlib.sha256(data).hexdigest()[:32]
        studio.folder.picture(own).write_bytes(data)
        studio.database.save_picture(PictureRow(own, "harbour.jpg", 512, 512, False, len(data), 1.0))
        studio.database.close()
    return studio.folder.root


def _checkpoint(studio: StudioService, job) -> None:
    path = studio.folder.checkpoint(job.id)
    recipe = make_recipe(**{**job.recipe, "steps": 9, "start": "content"})
    content, style = (str(studio.folder.picture(name)) for name in (job.content, job.styles[0]))
    stream = Painter(open_job(recipe, content, [style]), checkpoint_path=path).events()
    for event in stream:
        if isinstance(event, Stepped) and event.total == 4:
            break
    stream.close()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite_start(path: Path) -> None:
    path.write_bytes(b"no database" * 50 + path.read_bytes()[550:])


def zero_a_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    path.write_bytes(data)


def cut_the_tables(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096])


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncate, overwrite_start, zero_a_page, cut_the_tables, remove, empty])
def test_no_picture_is_lost(made, tmp_path, damage) -> None:
    data = tmp_path / "data"
    shutil.copytree(made, data)
    studio = opened(data)
    before, paused = gallery(studio), [job.id for job in studio.database.active()]
    studio.database.close()
    assert (len(before), len(paused)) == (COUNT, 1)
    damage(studio.folder.database)
    damaged_bytes = studio.folder.database.read_bytes() if damage is not remove else b""

    messages: list[str] = []
    studio = opened(data, messages)
    assert gallery(studio) == before
    assert f"Imported {COUNT} finished pictures, 1 unfinished ones" in messages[-1]
    (job,) = studio.database.active()
    assert (job.id, job.state, job.step, job.content) == (paused[0], "paused", 4, job.content)
    assert all(studio.database.picture(name) for name in job.pictures)
    studio.database.close()
    aside = list(data.glob("studio-damaged-*.sqlite"))
    assert [path.read_bytes() for path in aside] == ([] if damage in (remove, empty) else [damaged_bytes])
    messages.clear()
    opened(data, messages).database.close()  # it is imported once
    assert messages == []


def test_names_and_times_that_can_be_read_are_kept(made, tmp_path) -> None:
    data = tmp_path / "data"
    shutil.copytree(made, data)
    studio = opened(data)
    created = {job.id: job.created for job in studio.database.page(None, 100)}
    studio.database.close()
    zero_a_page(studio.folder.database)
    studio = opened(data)
    kept = [job.id for job in studio.database.page(None, 100) if job.created == created[job.id]]
    assert len(kept) > COUNT / 4
    numbers = [job.created for job in studio.database.page(None, 100)]
    assert numbers == sorted(numbers, reverse=True)
    assert "harbour.jpg" in {
        studio.database.picture(path.name).name for path in studio.folder.pictures.iterdir()
    }
    studio.database.close()


def test_an_interrupted_import_goes_on_at_the_next_start(made, tmp_path, monkeypatch) -> None:
    data = tmp_path / "data"
    shutil.copytree(made, data)
    truncate(data / "studio.sqlite")
    calls = 0

    def killed(**request):
        nonlocal calls
        calls += 1
        if calls > COUNT // 2:
            raise KeyboardInterrupt
        return image_service.check(**request)

    monkeypatch.setitem(HANDLERS, "check", killed)
    with pytest.raises(KeyboardInterrupt):
        opened(data)

    gc.collect()  # releases the lock of the interrupted studio
    monkeypatch.setitem(HANDLERS, "check", image_service.check)
    studio = opened(data)
    assert len(gallery(studio)) == COUNT
    studio.database.close()


def test_rebuild_adds_what_the_gallery_lacks_and_nothing_else(made, tmp_path) -> None:
    data, messages = tmp_path / "data", []
    shutil.copytree(made, data)
    studio = opened(data)
    before = gallery(studio)
    first, second, third, *_ = before
    studio.database.delete(first)
    studio.database.delete(second)
    truncate(studio.folder.result(second))
    (studio.folder.jobs / new_id()).mkdir()
    shutil.copy(studio.folder.result(first), studio.folder.jobs / "notes.png")
    plain = studio.folder.job(new_id())
    plain.mkdir()
    write_picture(plain / "picture.png", torch.rand(1, 3, 8, 8))
    studio.database.close()
    opened(data, messages).database.close()
    assert messages == []  # a sound database is believed
    studio = opened(data, messages, rebuild=True)
    assert messages == [
        "Imported 2 finished pictures, 0 unfinished ones and 0 source pictures. "
        "1 damaged files stay where they are."
    ]
    after = gallery(studio)
    del before[second]
    assert {name: value for name, value in after.items() if name != plain.name} == before
    assert after[plain.name][:2] == (None, ())
    assert studio.folder.result(second).is_file()
    assert json.dumps(studio.job_store.to_json(studio.database.job(third)))
    studio.database.close()


def test_a_running_studio_keeps_its_database(made, tmp_path) -> None:
    data = tmp_path / "data"
    shutil.copytree(made, data)
    studio = opened(data)
    with pytest.raises(OutputError, match="Another studio"):
        opened(data)
    assert not list(data.glob("studio-damaged-*"))
    studio.database.close()


def test_clips_come_back_finished_and_unfinished(tmp_path: Path) -> None:
    pytest.importorskip("cv2", exc_type=ImportError)
    from ..video.clips import make_clip

    studio = opened(tmp_path / "data")
    source = make_clip(tmp_path / "clip.mp4", frames=5).read_bytes()
    clip_id = hashlib.sha256(source).hexdigest()[:32]
    path = studio.folder.picture(clip_id)
    path.write_bytes(source)
    style = next(iter(studio.pictures.samples))
    clip = ClipSettings.model_validate({"roughness": 0.25}).model_dump()
    provenance = {
        "recipe": make_recipe(size=96, strength=0.75).to_json(),
        "content": str(path),
        "styles": [str(studio.folder.picture(style))],
        "guides": {},
        "clip": clip,
        "trained": None,
    }
    done, begun = new_id(), new_id()
    for job_id in (done, begun):
        studio.folder.job(job_id).mkdir()
        studio.folder.settings(job_id).write_text(json.dumps(provenance))
    shutil.copy(tmp_path / "clip.mp4", studio.folder.clip(done, "mp4"))
    write_picture(studio.folder.result(done), torch.rand(1, 3, 12, 16), provenance=provenance)
    parts = studio.folder.job(begun) / "clip.mp4.parts"
    parts.mkdir()
    (parts / "state.npz").touch()
    asyncio.run(studio.stop())
    for file in tmp_path.glob("data/studio.sqlite*"):
        file.unlink()
    studio = opened(tmp_path / "data")
    row = studio.database.picture(clip_id)
    assert row is not None
    assert row.clip is not None
    assert (row.width, row.height, row.clip["frames"]) == (96, 64, 5)
    jobs = {job.id: job for job in studio.database.page(None, 10)}
    assert {job_id: jobs[job_id].state for job_id in (done, begun)} == {done: "done", begun: "paused"}
    assert jobs[done].scale == (16, 12)  # that of its frame, in which the page plays it
    for job in jobs.values():
        assert (job.clip, job.content, job.styles, job.recipe["strength"]) == (clip, clip_id, [style], 0.75)
    asyncio.run(studio.stop())
