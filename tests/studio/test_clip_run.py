"""The worker's painting of a clip: stopped, kept, cancelled, and gone on with, to the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("cv2", exc_type=ImportError)

from impasto.imaging import read_embedded_json
from impasto.optimize.presets import make_recipe
from impasto.studio import clip_run, report_rate
from impasto.studio.clip_settings import ClipSettings
from impasto.studio.folder import JOURNAL, KEPT, StudioFolder
from impasto.studio.paint_task import PaintTask
from impasto.video import journal, run_file

from ..video.clips import make_clip, read_clip
from .conftest import picture
from .fake_worker import worker_here

FRAMES, JOB = 10, "a" * 32


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("sources")
    clip = make_clip(folder / "clip.mp4", frames=FRAMES, size=(32, 48))
    (folder / "style.png").write_bytes(picture(1))
    return str(clip), str(folder / "style.png")


@pytest.fixture(scope="module")
def whole(sources: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The clip that an uninterrupted run paints."""
    studio = Studio(tmp_path_factory.mktemp("whole"), sources)
    assert studio.paint() == "done"
    return studio.clip.read_bytes()


class Studio:
    """A folder with one job, and what its worker has sent. ``at`` maps frames to what the server asks for then."""

    def __init__(self, root: Path, sources: tuple[str, str], **clip: Any) -> None:
        self.folder = StudioFolder(root / "data")
        self.folder.job(JOB).mkdir()
        self.clip = self.folder.clip(JOB, "mp4")
        settings = ClipSettings.model_validate(clip).model_dump()
        recipe = make_recipe(size=48).to_json()
        self.task = PaintTask(
            JOB, self.folder.job(JOB), recipe, sources[0], [sources[1]], {}, clip=settings, trained=None
        )
        self.sent: list[tuple] = []

    def paint(self, at: dict[int, str] | None = None, *, keep: bool = False) -> str:
        """Paint until the end or a request; return the job's new state."""
        self.sent.clear()
        worker = worker_here(self.sent)

        def send(message: tuple) -> None:
            self.sent.append(message)
            if message[0] == "step" and (request := (at or {}).pop(message[2], None)):
                worker.messages.put(("exit",) if request == "exit" else ("stop", JOB, request))

        worker.pipe.send = send
        run = clip_run.ClipRun(worker, replace(self.task, keep=keep))
        state = run.paint()
        self.progress = run.progress()
        return state

    @property
    def started(self) -> list[int]:
        """The frames that each run went on from."""
        return [message[3] for message in self.sent if message[0] == "started"]

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.folder.job(JOB).iterdir()}


@pytest.fixture
def studio(tmp_path: Path, sources: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setattr(report_rate, "STEP_SECONDS", 0.0)
    return Studio(tmp_path, sources)


def test_the_journal_is_where_the_studio_looks_for_it(tmp_path: Path) -> None:
    assert run_file.journal_path(tmp_path / "clip.mp4").name == f"clip.mp4{JOURNAL}"
    assert journal.STATE == KEPT


@pytest.mark.parametrize("request_", ["pause", "exit"])
def test_a_stopped_clip_goes_on_to_the_same_bytes(studio: Studio, whole: bytes, request_: str) -> None:
    assert studio.paint({4: request_}) == {"pause": "paused", "exit": "queued"}[request_]
    assert studio.progress["step"] == 4
    assert studio.folder.has_progress(JOB)
    assert not studio.folder.result(JOB).exists()
    assert studio.paint() == "done"
    assert studio.started == [4]
    assert studio.clip.read_bytes() == whole
    assert studio.names == {"clip.mp4", "picture.png", "settings.json"}


def test_a_kept_clip_is_playable_and_as_long_as_it_was_painted(studio: Studio, whole: bytes) -> None:
    assert studio.paint({6: "keep"}) == "stopped"
    times, _ = read_clip(studio.clip)
    assert len(times) == 6
    with Image.open(studio.folder.result(JOB)) as image:
        assert image.size == (48, 32)
    assert not studio.folder.has_progress(JOB)


def test_a_paused_clip_is_kept_without_painting_a_frame(studio: Studio) -> None:
    assert studio.paint({3: "pause"}) == "paused"
    assert studio.paint(keep=True) == "stopped"
    assert not [message for message in studio.sent if message[0] == "step"]
    assert len(read_clip(studio.clip)[0]) == 3


def test_a_cancelled_clip_leaves_nothing(studio: Studio) -> None:
    assert studio.paint({2: "cancel"}) == "stopped"
    assert studio.names == {"settings.json"}


def test_a_worker_that_dies_before_the_picture_only_finishes(studio: Studio, whole: bytes) -> None:
    assert studio.paint() == "done"
    studio.folder.result(JOB).unlink()
    assert studio.paint() == "done"
    assert studio.started == []
    assert studio.clip.read_bytes() == whole
    assert studio.folder.result(JOB).is_file()


def test_other_settings_start_over(studio: Studio) -> None:
    assert studio.paint({4: "pause"}) == "paused"
    studio.task = replace(studio.task, recipe=make_recipe(size=48, strength=0.9).to_json())
    assert studio.paint() == "done"
    assert studio.started == [0]


def test_steps_say_frames_speed_and_time_left(studio: Studio) -> None:
    assert studio.paint() == "done"
    steps = [message for message in studio.sent if message[0] == "step"]
    assert [step[2] for step in steps] == list(range(1, FRAMES + 1))
    assert {step[3] for step in steps} == {(48, 32)}
    assert steps[-1][5] == 0
    assert steps[-1][6] > 0
    previews = [message[2] for message in studio.sent if message[0] == "preview"]
    assert previews
    assert all(data[8:12] == b"WEBP" for data in previews)


def test_the_picture_holds_the_settings(studio: Studio) -> None:
    assert studio.paint() == "done"
    stored = read_embedded_json(studio.folder.result(JOB))
    assert stored["clip"] == studio.task.clip
    assert stored["recipe"] == studio.task.recipe


@pytest.mark.parametrize("method", ["optimize", "keyframes"])
def test_the_methods_that_optimise_paint_too(tmp_path: Path, sources: tuple[str, str], method: str) -> None:
    studio = Studio(tmp_path, sources, method=method, stop=0.09)
    recipe = make_recipe(size=48, encoder="tiny", steps=1).to_json()
    studio.task = replace(studio.task, recipe=recipe)
    assert studio.paint() == "done"
    assert len(read_clip(studio.clip)[0]) == 3
