"""The work of a cell that a trained network paints: one pass, timed and judged."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from impasto.feedforward.catalogue import Model, find_model, open_model
from impasto.feedforward.descriptor import ModelDescriptor
from impasto.feedforward.stylizer import FastSettings
from impasto.guidance import calibrated_strength
from impasto.hashing import file_sha256
from impasto.imaging import fit, resize
from impasto.lab.work import CellProgress, CellResult
from impasto.metrics import judge

if TYPE_CHECKING:
    from impasto.lab.cells import OnePassCell
    from impasto.lab.laboratory import Laboratory

# To be raised when the same network gives another picture.
VERSION = 1
ROUNDS = 5


@dataclass(frozen=True)
class Pass:
    """A picture to be painted by the network in ``path``."""

    cell: OnePassCell
    path: Path
    laboratory: Laboratory

    @property
    def recipe(self) -> dict[str, Any]:
        """What was chosen."""
        settings = FastSettings(strength=self.cell.strength, size=self.laboratory.setting.size)
        return {"network": self.path.stem, "strength": settings.strength, "size": settings.size}

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
                file_sha256(self.path), self.laboratory.judge.fingerprint
            ],
        }  # fmt: skip

    def make(self) -> Generator[CellProgress, None, CellResult]:
        """Paint `ROUNDS` times, each time from the photograph and the painting on; return the picture judged.

        ``seconds`` is the median. Raises what opening and painting raise.
        """
        yield CellProgress()
        model = open_model(self.path)
        loaded = ModelDescriptor(model.styled.network, model.card, name=self.path.stem)
        size = self.laboratory.setting.size
        photo = self.laboratory.pictures.content.pixels
        content = resize(photo, fit(photo.shape[2], photo.shape[3], size))
        style = self.laboratory.pictures.styles[0]
        times = []
        for _ in range(ROUNDS):
            yield CellProgress()
            start = time.perf_counter()
            wanted = model.names[:1] if model.names else [style]
            inner = self._inner(model)
            picture = loaded.paint(content, model.code(wanted, None, inner))
            times.append(time.perf_counter() - start)
        art = resize(style.pixels, fit(style.pixels.shape[2], style.pixels.shape[3], size))
        scores = judge(picture, content, art, self.laboratory.judge.encoder, size)
        values = {"STYLE": scores.style, "CONTENT": scores.content, "NOISE": scores.noise}
        return CellResult(picture, {**values, "seconds": median(times), "steps": 0.0}, [{"step": 0.0}])

    def _inner(self, model: Model) -> float:
        return calibrated_strength(self.cell.strength, model.card.get("strengths"))


def open_one_pass(cell: OnePassCell, laboratory: Laboratory) -> Pass:
    """Return the work of a cell; raises `RecipeError` or `WeightsError` where its network is not there."""
    path = find_model(cell.network)
    open_model(path)  # says what is wrong with it before anything is painted
    return Pass(cell, path, laboratory)


def one_pass_conditions(laboratory: Laboratory) -> str:
    """Return in a sentence how a network paints."""
    return f"Networks painted in one pass at {laboratory.setting.size} pixels, the median of {ROUNDS} times."
