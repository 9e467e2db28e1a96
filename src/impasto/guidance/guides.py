"""Guides: masks and colour-coded regions that say where each style is painted. Importing it does not import torch."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import RecipeError
from impasto.imaging import MASK_NAMES

if TYPE_CHECKING:
    from impasto.imaging import PictureLike


@dataclass(frozen=True)
class Guides:
    """Masks and maps that say where styles are painted; each is a file, an array, or one of the words in `MASK_NAMES`.

    * ``masks``: where in the output each style is painted. With one mask fewer than styles, the last style gets the
      rest.
    * ``style_masks``: the part of each style image that counts.
    * ``regions``, ``style_regions``: colour-coded maps of the content and style images instead of masks. Regions of the
      same colour correspond.
    * ``protect``: where the content image stays unchanged.
    """

    masks: tuple[PictureLike, ...] = ()
    style_masks: tuple[PictureLike, ...] = ()
    regions: PictureLike | None = None
    style_regions: tuple[PictureLike, ...] = ()
    protect: PictureLike | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the guides as paths and words; an image from memory becomes its name."""
        stored: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                if value:
                    stored[field.name] = [_stored(guide) for guide in value]
            elif value is not None:
                stored[field.name] = _stored(value)
        return stored

    @classmethod
    def from_json(cls, stored: object) -> Guides:
        """Return the guides of `to_json`; raises `RecipeError` for anything else."""
        several = {field.name: isinstance(field.default, tuple) for field in fields(cls)}
        if not isinstance(stored, dict) or not all(
            name in several and _is_stored(value, several[name]) for name, value in stored.items()
        ):
            raise RecipeError(
                f"The guides stored with a picture are not names of masks and regions: {stored!r}; give them again."
            )
        values: dict[str, Any] = {name: tuple(v) if several[name] else v for name, v in stored.items()}
        return cls(**values)

    def cropped(self, box: tuple[int, int], photo: tuple[int, int]) -> Guides:
        """Return the guides of the content image, cropped to the shape of ``box``; ``photo`` is its height and width.

        Raises `PictureError` for a guide that cannot be read.
        """
        from impasto.imaging.framing import crop_guide

        return replace(
            self,
            masks=tuple(crop_guide(mask, box, photo) for mask in self.masks),
            regions=None if self.regions is None else crop_guide(self.regions, box, photo),
            protect=None if self.protect is None else crop_guide(self.protect, box, photo),
        )

    @property
    def files(self) -> list[Path]:
        """The guides that are files."""
        values = [*self.masks, *self.style_masks, self.regions, *self.style_regions, self.protect]
        return [Path(value) for value in values if isinstance(value, str | Path) and value not in MASK_NAMES]


def display_name(guide: object) -> str:
    """Return the name of a guide in messages: that of its file, its own, or "from memory"."""
    if isinstance(guide, str | Path):
        return Path(guide).name
    return str(getattr(guide, "name", None) or "from memory")


def _stored(guide: PictureLike) -> str:
    if isinstance(guide, str) and guide in MASK_NAMES:
        return guide
    return str(Path(guide).resolve()) if isinstance(guide, str | Path) else display_name(guide)


def _is_stored(value: object, several: bool) -> bool:
    """Return whether ``value`` is a stored guide, or a list of them if ``several``."""
    if several:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    return isinstance(value, str)
