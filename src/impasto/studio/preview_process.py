"""The process that paints previews in one pass, so that they come at once while a job runs."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections import OrderedDict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import tune_process
from impasto.errors import ImpastoError
from impasto.feedforward.catalogue import Model, find_model, open_model
from impasto.feedforward.descriptor import ModelDescriptor
from impasto.feedforward.stylizer import FastPainter, FastSettings, Painted, finish
from impasto.guidance import calibrated_strength
from impasto.imaging import Picture, fit, read_picture, resize
from impasto.studio.image_service import webp
from impasto.studio.processes import answer

# Photographs that stay decoded at preview size; what styles are is remembered by the network itself.
REMEMBERED = 8


def run(pipe: Connection) -> None:
    """Answer until the server is gone."""
    warnings.simplefilter("ignore")
    tune_process()
    previews = Previews()
    with contextlib.suppress(ImpastoError):  # who asks is told
        previews.warm()
    answer(pipe, {"paint": previews.paint})


class Previews:
    """The networks, opened once, and the photographs they were last asked about."""

    def __init__(self) -> None:
        self._painter: FastPainter | None = None
        self._trained: dict[str, tuple[Model, ModelDescriptor]] = {}
        self._pictures: OrderedDict[tuple[str, int], Picture] = OrderedDict()

    def warm(self) -> None:
        """Open the network for any style and paint once, which takes longer than ever after."""
        grey = Picture(torch.full((1, 3, 64, 64), 0.5))
        self._any().paint(grey, [grey])

    def paint(
        self,
        content: str,
        styles: list[str],
        trained: str | None,
        size: int,
        masks: list[str],
        protect: str | None,
        mix: list[float] | None,
        format: str | None,
        **settings: Any,
    ) -> bytes:
        """Return the picture in one pass, with a format as a file to keep, else as a WebP to look at.

        Masks are words or files, ``trained`` the name of a network that ships, ``settings`` fields of
        `FastSettings`. Masks come before the mix: they say already where each style goes.
        """
        shares = None if mix is None or masks else tuple(mix)
        wish = FastSettings(**settings, mix=shares, masks=tuple(masks), protect=protect, size=size)
        photo = self._read(content, size)
        if format is not None:  # to keep: as large as was asked for, also where the photograph is smaller
            height, width = fit(photo.height, photo.width, size)
            photo = Picture(resize(photo.pixels, (height, width)), _resized(photo.alpha, height, width))
        if trained is not None:
            painted = self._in_trained(trained, photo, wish)
        else:
            painted = self._any().paint(photo, styles, wish)
        if format is None:
            return webp(Picture(painted.pixels, painted.alpha), quality=85)
        painted.provenance.setdefault("inputs", {})["content"] = (
            content  # it was given as a picture already read
        )
        with tempfile.TemporaryDirectory() as folder:
            return painted.save(Path(folder) / f"picture.{format}").read_bytes()

    def _any(self) -> FastPainter:
        if self._painter is None:
            self._painter = FastPainter()
        return self._painter

    def _in_trained(self, name: str, photo: Picture, wish: FastSettings) -> Painted:
        """Return the photograph in the style of a trained network, whose stroke reaches less far."""
        if name not in self._trained:
            model = open_model(find_model(name))
            self._trained[name] = model, ModelDescriptor(model.styled.network, model.card, name=name)
        model, loaded = self._trained[name]
        low, high = model.styled.strokes
        stroke = min(high, max(low, wish.stroke))
        style_params = model.style_params(
            model.names, None, calibrated_strength(wish.strength, model.card.get("strengths")), stroke
        )
        pixels = finish(loaded.paint(photo.pixels, style_params), photo, wish)
        told = {"strength": wish.strength, "stroke": stroke, "colors": wish.colors, "size": wish.size}
        provenance = {"apply": {"network": name, **told}, "inputs": {"protect": wish.protect}}
        return Painted(pixels, photo.alpha, 0.0, provenance)

    def _read(self, path: str, longest: int) -> Picture:
        key = (path, longest)
        if key not in self._pictures:
            self._pictures[key] = read_picture(Path(path), longest=longest)
        self._pictures.move_to_end(key)
        while len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        return self._pictures[key]


def _resized(alpha: Tensor | None, height: int, width: int) -> Tensor | None:
    return None if alpha is None else resize(alpha, (height, width)).clamp(0, 1)
