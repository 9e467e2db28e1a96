"""Finished segments on disk: compressed packets and the times of their frames, each file written in one step."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import ResumeError
from impasto.imaging import atomic_write
from impasto.video.encode import CodedPacket

PART = "segment-{:05d}.npz"


@dataclass(frozen=True)
class Segment:
    """The packets of consecutive frames, in the order of decoding, and the end of the last frame in seconds."""

    packets: tuple[CodedPacket, ...]
    end: Fraction


def write_segment(folder: Path, number: int, segment: Segment) -> None:
    """Write a segment; raises `OutputError`."""
    packets = segment.packets
    write_arrays(
        folder / PART.format(number),
        {
            "pts": np.array([packet.pts for packet in packets], np.int64),
            "dts": np.array([packet.dts for packet in packets], np.int64),
            "key": np.array([packet.is_key for packet in packets], bool),
            "sizes": np.array([len(packet.data) for packet in packets], np.int64),
            "data": np.frombuffer(b"".join(packet.data for packet in packets), np.uint8),
        },
        {"end": str(segment.end)},
    )


def read_segment(folder: Path, number: int) -> Segment:
    """Return a segment; raises `ResumeError` if it is missing or damaged."""
    arrays, values = read_arrays(folder / PART.format(number))
    data, start, packets = arrays["data"].tobytes(), 0, []
    for index, size in enumerate(arrays["sizes"].tolist()):
        pts, dts, key = (arrays[name][index].item() for name in ("pts", "dts", "key"))
        packets.append(CodedPacket(pts, dts, key, data[start : start + size]))
        start += size
    return Segment(tuple(packets), Fraction(values["end"]))


def packets_in_order(
    folder: Path, numbers: Sequence[int], tick: Fraction
) -> Iterator[tuple[CodedPacket, int]]:
    """Yield the packets of segments with their durations in ticks; decoding times grow throughout.

    A segment's encoder starts anew and may give its first packets decoding times before the last ones of the segment
    before it. Those are moved up, which stays below their own presentation times, because an encoder delays fewer
    frames than a segment has.
    """
    last = None
    segment = read_segment(folder, numbers[0]) if numbers else None
    for number in [*numbers[1:], None]:
        assert segment is not None
        following = None if number is None else read_segment(folder, number)
        shown = sorted(packet.pts for packet in segment.packets)
        after = min(packet.pts for packet in following.packets) if following else round(segment.end / tick)
        durations = {pts: end - pts for pts, end in pairwise([*shown, after])}
        for packet in segment.packets:
            last = packet.dts if last is None else max(packet.dts, last + 1)
            yield CodedPacket(packet.pts, last, packet.is_key, packet.data), durations[packet.pts]
        segment = following


def write_arrays(path: Path, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
    """Write named arrays and JSON values in one step; raises `OutputError`."""
    text = np.frombuffer(json.dumps(values).encode(), np.uint8)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, __values__=text, **arrays)


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return what `write_arrays` wrote; no code in the file is run. Raises `ResumeError` if it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
        return arrays, json.loads(arrays.pop("__values__").tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ResumeError(
            f"'{path}' is missing or damaged, so that the clip cannot be continued; start afresh with --restart."
        ) from error
