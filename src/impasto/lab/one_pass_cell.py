"""A lab cell painted in one pass of a network, timed and judged."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import open_model
from impasto.feedforward.settings import OnePassSettings
from impasto.feedforward.stylizer import Stylizer
from impasto.hashing import file_sha256
from impasto.imaging import Picture, fit, resize
from impasto.lab.measures import judge_values
from impasto.lab.work import CellProgress, CellResult

if TYPE_CHECKING:
    from impasto.lab.cells import OnePassCell
    from impasto.lab.laboratory import Laboratory

# Raise when the same network gives another picture or a measure another value.
VERSION = 2
ROUNDS = 5


@dataclass(frozen=True)
class Pass:
    """A picture to paint with the network in ``path``."""

    cell: OnePassCell
    path: Path
    laboratory: Laboratory

    @property
    def recipe(self) -> dict[str, Any]:
        """The settings."""
        size = self.laboratory.setting.size
        return {"network": self.path.stem, "strength": self.cell.strength, "size": size}

    @property
    def identity(self) -> dict[str, Any]:
        """Coordinates, settings, pictures, network and judge."""
        content, *styles = self.laboratory.pictures.digests
        return {
            "version": VERSION,
            "key": dict(self.cell.key),
            "settings": self.recipe,
            "content": content,
            "styles": styles[:1],
            "networks": [
                file_sha256(self.path),
                self.laboratory.judge.fingerprint,
            ],
        }

    def make(self) -> Generator[CellProgress, None, CellResult]:
        """Paint `ROUNDS` times, each time from content and style image on; return the picture judged.

        ``seconds`` is the median. Raises what opening and painting raise.
        """
        yield CellProgress()
        stylizer = Stylizer(self.path, device="cpu")
        size = self.laboratory.setting.size
        pixels = self.laboratory.pictures.content.pixels
        content = Picture(resize(pixels, fit(pixels.shape[2], pixels.shape[3], size)))
        style = self.laboratory.pictures.styles[0]
        strength = self.cell.strength if "strength" in stylizer.controls else None
        settings = OnePassSettings(strength=strength)
        times = []
        for _ in range(ROUNDS):
            yield CellProgress()
            start = time.perf_counter()
            result = stylizer.paint(content, stylizer.styles[:1] or [style], settings)
            times.append(time.perf_counter() - start)
        picture = result.pixels
        art = resize(style.pixels, fit(style.pixels.shape[2], style.pixels.shape[3], size))
        values = judge_values(picture, content.pixels, art, self.laboratory.judge.encoder)
        return CellResult(picture, {**values, "seconds": median(times), "steps": 0.0}, [{"step": 0.0}])


def open_one_pass(cell: OnePassCell, laboratory: Laboratory) -> Pass:
    """Return the work of a cell; raises `RecipeError` or `WeightsError` where its network is not there."""
    path = find_model(cell.network)
    open_model(path)  # reports errors before anything is painted
    return Pass(cell, path, laboratory)


def one_pass_conditions(laboratory: Laboratory) -> str:
    """Return in a sentence how a network paints."""
    return f"Networks painted in one pass at {laboratory.setting.size} pixels, the median of {ROUNDS} times."
