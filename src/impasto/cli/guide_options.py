"""Pictures that say where styles go: their options, and those that are stored with a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.errors import PictureError
from impasto.painting import stored_path

if TYPE_CHECKING:
    from impasto.guidance import Guides
PANEL = "Regions"
MASK = "FILE|WORD"
# What each field of `Guides` is called at the terminal.
FLAGS: Mapping[str, str] = {
    "masks": "--mask",
    "style_masks": "--style-mask",
    "regions": "--regions",
    "style_regions": "--style-regions",
    "protect": "--protect",
}
# Large enough to see whether a file is a mask at all.
CHECKED_AT = 1024


@dataclass(frozen=True)
class GuideOptions:
    """Where styles go, as typed: the options of the panel "Regions"."""

    mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar=MASK,
            rich_help_panel=PANEL,
            help="Where a style is painted: a grey picture, white = here, or left, right, top, bottom, centre. "
            "One a style, in their order; of one fewer, the last style gets the rest.",
        ),
    ] = None
    style_mask: Annotated[
        list[str] | None,
        typer.Option(metavar=MASK, rich_help_panel=PANEL, help="Which part of a style counts; one a style."),
    ] = None
    regions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=PANEL,
            help="Map of the picture in flat colours, instead of masks; goes with --style-regions.",
        ),
    ] = None
    style_regions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=PANEL,
            help="Map of a style, one a style: what it has of a colour is painted where the picture has it.",
        ),
    ] = None
    protect: Annotated[
        str | None,
        typer.Option(
            metavar=MASK, rich_help_panel=PANEL, help="Where the photograph stays: as --mask, white = stays."
        ),
    ] = None

    def guides(self) -> Guides:
        """Return the guides that were typed."""
        from impasto.guidance import Guides

        return Guides(
            tuple(_word_or_path(text) for text in self.mask or ()),
            tuple(_word_or_path(text) for text in self.style_mask or ()),
            self.regions,
            tuple(self.style_regions or ()),
            None if self.protect is None else _word_or_path(self.protect),
        )

    def guides_or(self, stored: Mapping[str, Any], source: Path) -> Guides:
        """Return the guides that were typed, which replace all others, or those that ``source`` names.

        Raises `RecipeError` when one of those is not named or not there any more.
        """
        from impasto.guidance import Guides

        typed = self.guides()
        if typed != Guides():
            return typed
        names = stored.get("guides") or {}
        Guides.from_json(names)  # says what is wrong with them
        return Guides.from_json({field: _present(field, value, source) for field, value in names.items()})


def check_guides(guides: Guides, *, read: bool = False) -> None:
    """Raise `PictureError` unless every file among ``guides`` is there, and with ``read`` is a picture.

    Whether a mask fits a picture is known later, by the picture.
    """
    from impasto.guidance import Guides
    from impasto.imaging import RAMPS, check_file, read_mask, read_picture

    masks = Guides(guides.masks, guides.style_masks, protect=guides.protect).files
    maps = Guides(regions=guides.regions, style_regions=guides.style_regions).files
    for path in masks:
        if not path.suffix and len(path.parts) == 1 and not path.exists():
            raise PictureError(f"'{path}' is neither a file nor one of the words {', '.join(RAMPS)}.")
    for path in (*masks, *maps):
        check_file(path)
        picture = read_picture(path, longest=CHECKED_AT) if read else None
        if picture is not None and path in masks:
            read_mask(picture, picture.height, picture.width, name=path.name)


def as_words(guides: Guides) -> list[str]:
    """Return command-line words that give the same guides again."""
    from impasto.imaging import RAMPS

    words = []
    for field, flag in FLAGS.items():
        for one in _listed(guides, field):
            file_like_a_word = isinstance(one, Path) and str(one) in RAMPS
            words.append(f"{flag}=./{one}" if file_like_a_word else f"{flag}={one}")
    return words


def names_of(guides: Guides) -> dict[str, str]:
    """Return what a person calls the guides that there are: ``{"masks": "left, sky.png"}``."""
    return {
        field.replace("_", " "): ", ".join(Path(one).name for one in _listed(guides, field))
        for field in FLAGS
        if _listed(guides, field)
    }


def _listed(guides: Guides, field: str) -> tuple[Any, ...]:
    value = getattr(guides, field)
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _word_or_path(text: str) -> str | Path:
    from impasto.imaging import RAMPS

    return text if text in RAMPS else Path(text)


def _present(field: str, value: str | list[str], source: Path) -> str | list[str]:
    """Return stored names with the words as they are and the files where they are now."""
    from impasto.imaging import RAMPS

    if isinstance(value, list):
        return [str(_present(field, one, source)) for one in value]
    if value in RAMPS:
        return value
    role = "map" if "regions" in field else "mask"
    return str(stored_path(value, role, source, f"give it with {FLAGS[field]}").absolute())
