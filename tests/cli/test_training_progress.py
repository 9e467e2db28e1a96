"""Progress of a training: what the line holds, when it is printed, when previews are painted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from impasto.cli.interrupt import Stop
from impasto.cli.recurring import RecurringTimer
from impasto.cli.training_progress import (
    TrainingLine,
    TrainingLines,
    TrainingReport,
    countdown,
    step_line,
    training_report,
)
from impasto.cli.training_session import TrainingSession
from impasto.training.events import Logged, StepDone
from impasto.training.trainer import Trainer

from ..training.test_timed import Clock, TimedTask

PREVIEW = Path("out/any.preview.png")


def step(number: int, left: float, steps: int | None = 2000) -> StepDone:
    return StepDone(number, steps, {"loss": 3.2114}, 10.0 * number, left)


def test_a_step_is_one_line() -> None:
    line = "step 340/2000  loss 3.21  12:40 left  preview out/any.preview.png"
    assert step_line(step(340, 760), 3.2114, PREVIEW) == line
    assert step_line(step(340, 760, None), 0.012345, None) == "step 340  loss 0.0123  12:40 left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (6.6, "0:07"), (59.6, "1:00"), (760, "12:40"), (3599, "59:59"), (3900, "1:05:00")],
)
def test_a_remaining_time_is_a_clock(seconds: float, text: str) -> None:
    assert countdown(seconds) == text


def test_a_timer_is_due_after_its_first_time_and_then_regularly() -> None:
    clock = Clock(now=100.0)
    timer = RecurringTimer(120, 30, clock)
    due = []
    for clock.now in range(100, 600, 10):
        if timer.due():
            due.append(clock.now)
    assert due == [130, 250, 370, 490]
    timer.restart()
    clock.now = 590 + 119
    assert not timer.due()
    clock.now += 1
    assert timer.due()


def test_without_a_terminal_there_is_a_line_every_half_minute(capfd) -> None:
    clock = Clock(now=0.0)
    report = TrainingLines()
    report.timer = RecurringTimer(30, clock=clock)
    report.counted("reading photographs", 3, 9)
    for number in range(1, 12):
        clock.now += 8
        if number == 5:
            report.logged(Logged(5, 11, {"loss": 2.0}, 1.0, 1.0))
            report.previewed(PREVIEW)
        report.stepped(step(number, 8 * (11 - number), 11))
    report.line("measured")
    out, err = capfd.readouterr()
    assert out == ""
    # The first step, those at 40 and 72 seconds, and the last one.
    assert err.splitlines() == [
        "step 1/11  loss 3.21  1:20 left",
        "step 5/11  loss 2  0:48 left  preview out/any.preview.png",
        "step 9/11  loss 2  0:16 left  preview out/any.preview.png",
        "step 11/11  loss 2  0:00 left  preview out/any.preview.png",
        "measured",
    ]


def test_on_a_terminal_the_line_stays_in_its_place(monkeypatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=40, color_system=None)
    monkeypatch.setattr("impasto.cli.console.wide_console", lambda stderr: console)
    report = TrainingLine()
    report.previewed(Path("a[b]/preview.png"))
    report.stepped(step(340, 760))
    report.progress.refresh()
    report.line("held out [1]")
    report.close()
    text = screen.getvalue()
    # Back to the beginning, erase. A narrow terminal cuts the line, because two lines would not stay in place.
    assert "\r\x1b[2Kstep 340/2000  loss 3.21  12:40 left  p…" in text
    assert "\r\x1b[2Kheld out [1]\n" in text
    assert text.count("\n") == 2


def test_quiet_and_the_other_processes_show_nothing(monkeypatch, capfd) -> None:
    assert type(training_report(True)) is TrainingReport
    assert type(training_report(False)) is TrainingLines
    monkeypatch.setenv("RANK", "1")
    report = training_report(False)
    report.counted("reading", 1, 2)
    report.stepped(step(1, 0))
    report.previewed(PREVIEW)
    report.line("measured")
    assert capfd.readouterr() == ("", "")


class _LongTask(TimedTask):
    seconds = 400.0


def test_previews_come_after_half_a_minute_and_then_every_two(tmp_path: Path) -> None:
    clock = Clock(tick=7.0)
    trainer = Trainer(_LongTask(clock), clock=clock)
    painted: list[float] = []

    shown: list[Path] = []

    def write_preview() -> Path:
        painted.append(trainer.seconds)
        return PREVIEW

    report = TrainingReport()
    report.previewed = shown.append
    session = TrainingSession(
        trainer, {}, tmp_path / "c", Stop(), report, write_preview=write_preview, clock=clock
    )
    assert session.train()
    assert painted == [35, 161, 287]
    assert shown == [PREVIEW] * 3
    session.write_preview = None
    assert session.train()
