"""The journal of a run: a folder beside the output that holds everything a stopped run needs to go on.

It has the settings (``run.json``), the finished segments, the painted frames of the segment in work
(``frames-00003.raw``) and the painter's state after the last kept frame (``state.npz``). The state names the number of
segments and frames that count; whatever a killed run wrote beyond them is ignored and overwritten.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import OutputError, ResumeError
from impasto.imaging import write_text_atomic
from impasto.video.encode import Samples
from impasto.video.frame import PainterState
from impasto.video.run_file import RUN, VERSION
from impasto.video.segments import PART, Segment, read_arrays, write_arrays, write_segment

STATE, FRAMES = "state.npz", "frames-{:05d}.raw"


@dataclass
class Position:
    """How far a run is: ``segments`` are finished; ``times`` are those of the frames of the segment in work.

    ``index`` is the number of frames done, and ``end`` the end of the last one in seconds.
    """

    segments: int = 0
    index: int = 0
    times: list[Fraction] = field(default_factory=list)
    last: Fraction | None = None
    end: Fraction = Fraction(0)


class Journal:
    """The folder of one run. ``shape`` (height, width) and ``dtype`` are those of its frames."""

    def __init__(self, folder: Path, shape: tuple[int, int], dtype: type[np.uint8] | type[np.uint16]) -> None:
        self.folder = folder
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.position = Position()

    def create(self, run: dict[str, Any]) -> None:
        """Start a new journal with the description ``run``; raises `OutputError`."""
        try:
            self.folder.mkdir(parents=False, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder '{self.folder}' cannot be created ({error.strerror}); choose another output."
            ) from error
        write_text_atomic(self.folder / RUN, json.dumps({"version": VERSION, **run}, indent=2) + "\n")

    def add_frame(self, samples: Samples, time: Fraction, duration: Fraction) -> None:
        """Append a painted frame of the segment in work; it counts once `keep` was called."""
        position = self.position
        path = self.folder / FRAMES.format(position.segments)
        try:
            with path.open("ab" if position.times else "wb") as file:
                file.write(np.ascontiguousarray(samples).data)
        except OSError as error:
            raise OutputError(
                f"'{path}' could not be written ({error.strerror}); free some space."
            ) from error
        position.times.append(time)
        position.index += 1
        position.last, position.end = time, time + duration

    def keep(self, state: PainterState) -> None:
        """Make everything so far count, with the painter's ``state`` after the last frame; raises `OutputError`."""
        position = self.position
        numbers = {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}
        arrays = {f"state.{name}": value for name, value in state.items() if isinstance(value, np.ndarray)}
        values = {
            "segments": position.segments,
            "index": position.index,
            "times": [str(time) for time in position.times],
            "last": None if position.last is None else str(position.last),
            "end": str(position.end),
            "numbers": numbers,
        }
        write_arrays(self.folder / STATE, arrays, values)

    def finish_segment(self, segment: Segment, state: PainterState) -> None:
        """Keep a finished segment, and forget the single frames of it."""
        write_segment(self.folder, self.position.segments, segment)
        done = self.folder / FRAMES.format(self.position.segments)
        self.position.segments += 1
        self.position.times = []
        self.keep(state)
        done.unlink(missing_ok=True)

    def load(self) -> PainterState | None:
        """Take up the position of a stopped run and return the painter's state; None if no frame was kept."""
        if not (self.folder / STATE).is_file():
            self.position = Position()
            return None
        arrays, values = read_arrays(self.folder / STATE)
        last = values["last"]
        self.position = Position(
            values["segments"],
            values["index"],
            [Fraction(time) for time in values["times"]],
            None if last is None else Fraction(last),
            Fraction(values["end"]),
        )
        self._trim()
        return {**{name.removeprefix("state."): array for name, array in arrays.items()}, **values["numbers"]}

    def kept_frames(self) -> Iterator[tuple[Samples, Fraction]]:
        """Yield the kept frames of the segment in work with their times."""
        count = int(np.prod(self.shape)) * 3
        path = self.folder / FRAMES.format(self.position.segments)
        if not self.position.times:
            return
        with path.open("rb") as file:
            for time in self.position.times:
                samples: Samples = np.frombuffer(file.read(count * self.dtype.itemsize), self.dtype)
                yield samples.reshape(*self.shape, 3), time

    def remove(self) -> None:
        """Delete the folder: the run is finished, or started afresh."""
        remove_journal(self.folder)

    def _trim(self) -> None:
        """Cut off frames that a killed run wrote after it last kept its state."""
        if not self.position.times:
            return
        path = self.folder / FRAMES.format(self.position.segments)
        size = len(self.position.times) * int(np.prod(self.shape)) * 3 * self.dtype.itemsize
        try:
            with path.open("r+b") as file:
                if file.seek(0, 2) < size:
                    raise OSError("too short")
                file.truncate(size)
        except OSError as error:
            raise ResumeError(f"'{path}' is missing or damaged; start afresh with --restart.") from error


def remove_journal(folder: Path) -> None:
    """Delete a journal's files and, if nothing else is in it, the folder."""
    for pattern in (RUN, STATE, PART.replace("{:05d}", "*"), FRAMES.replace("{:05d}", "*"), ".impasto-*"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
