"""Tasks of an artist: what somebody wants to do, by which device, and the steps on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

DEVICES: dict[str, dict[str, Any]] = {
    "mouse": {},
    "touch": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "keyboard": {},
}
Steps = Callable[[Any, Any], None]


class Task(NamedTuple):
    """One task; `steps` gets the page and the stage."""

    device: str
    words: str
    steps: Steps


class Tasks(list[Task]):
    """Tasks of one file, in the order in which they share a page."""

    def by(self, device: str, words: str) -> Callable[[Steps], Steps]:
        """Return a decorator that adds a task."""
        assert device in DEVICES

        def add(steps: Steps) -> Steps:
            self.append(Task(device, words, steps))
            return steps

        return add

    def run(self, device: str, page: Any, stage: Any) -> int:
        """Carry out the tasks of a device; the error of a task names it. Returns their number."""
        tasks = [task for task in self if task.device == device]
        for task in tasks:
            try:
                task.steps(page, stage)
            except Exception as error:
                raise AssertionError(f"By {device}: {task.words} ({error})") from error
        return len(tasks)
