"""Pictures that ship with impasto, to try it with; importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

# The size at which the page shows samples; thumbnails ship, so that the page need not wait for the decoder.
THUMB_SIDE = 192


@dataclass(frozen=True)
class SamplePicture:
    """A picture that ships with impasto, as a content or a style image."""

    file: str
    name: str
    credit: str
    kind: Literal["content", "style"]

    @property
    def path(self) -> Path:
        """The file of the picture."""
        return _FOLDER / self.file

    @property
    def thumb(self) -> Path:
        """The file of the thumbnail, whose longer side is `THUMB_SIDE`."""
        return self.path.with_suffix(".webp")


_FOLDER = Path(str(resources.files("impasto.studio"))) / "samples"
_PLATE_CREDIT = "painted by impasto itself, free of rights"
SAMPLES = (
    SamplePicture("astronaut.jpg", "Astronaut", "Eileen Collins, NASA, public domain", "content"),
    SamplePicture("chelsea.jpg", "Cat", "Chelsea, by Stefan van der Walt, CC0", "content"),
    SamplePicture("coffee.jpg", "Coffee", "Pikolo Espresso Bar, by Rachel Michetti, CC0", "content"),
    SamplePicture("rocket.jpg", "Rocket", "Falcon 9, SpaceX, CC0", "content"),
    SamplePicture("swirls.jpg", "Night over the river", _PLATE_CREDIT, "style"),
    SamplePicture("woodcut.jpg", "The breaker", _PLATE_CREDIT, "style"),
    SamplePicture("glass.jpg", "Rose window", _PLATE_CREDIT, "style"),
    SamplePicture("points.jpg", "Sunday by the water", _PLATE_CREDIT, "style"),
    SamplePicture("paper.jpg", "Fronds", _PLATE_CREDIT, "style"),
    SamplePicture("ink.jpg", "Pine above the mist", _PLATE_CREDIT, "style"),
    SamplePicture("vaporwave.jpg", "Sunset channel", _PLATE_CREDIT, "style"),
)
