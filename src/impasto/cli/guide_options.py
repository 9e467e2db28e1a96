"""Options for guides: masks, regions and protection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.errors import PictureError
from impasto.provenance import stored_path

if TYPE_CHECKING:
    from impasto.guidance import Guides
PANEL = "Regions"
MASK = "FILE|WORD"
# The option of each field of `Guides`.
FLAGS: Mapping[str, str] = {
    "masks": "--mask",
    "style_masks": "--style-mask",
    "regions": "--regions",
    "style_regions": "--style-regions",
    "protect": "--protect",
}
# Size at which a file is checked for being a mask.
CHECK_SIDE = 1024


@dataclass(frozen=True)
class GuideOptions:
    """The options of the panel "Regions"."""

    mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar=MASK,
            rich_help_panel=PANEL,
            help="Where a style is painted: a grey image (white = here), or left, right, top, bottom, centre. "
            "One per style, in their order; with one fewer, the last style gets the rest.",
        ),
    ] = None
    style_mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar=MASK, rich_help_panel=PANEL, help="Part of a style image that counts; one per style."
        ),
    ] = None
    regions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=PANEL,
            help="Map of the content image in flat colours, instead of masks; used with --style-regions.",
        ),
    ] = None
    style_regions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=PANEL,
            help="Map of a style image, one per style; regions of the same colour correspond.",
        ),
    ] = None
    protect: Annotated[
        str | None,
        typer.Option(
            metavar=MASK,
            rich_help_panel=PANEL,
            help="Where the content image stays unchanged: like --mask, white = stays.",
        ),
    ] = None

    def guides(self) -> Guides:
        """Return the guides given on the command line."""
        from impasto.guidance import Guides

        return Guides(
            tuple(word_or_path(text) for text in self.mask or ()),
            tuple(word_or_path(text) for text in self.style_mask or ()),
            self.regions,
            tuple(self.style_regions or ()),
            None if self.protect is None else word_or_path(self.protect),
        )

    def guides_or(self, stored: Mapping[str, Any], source: Path) -> Guides:
        """Return the guides given on the command line, or those ``stored`` in the file ``source`` if none is given.

        Raises `RecipeError` if a stored guide has no name or its file does not exist any more.
        """
        from impasto.guidance import Guides

        given = self.guides()
        if given != Guides():
            return given
        names = stored.get("guides") or {}
        Guides.from_json(names)  # raises the error of invalid names
        return Guides.from_json({field: _present(field, value, source) for field, value in names.items()})


def check_guides(guides: Guides, *, read: bool = False) -> None:
    """Raise `PictureError` unless all files among ``guides`` exist and, with ``read``, are pictures.

    Whether a mask fits an image is checked later, when the image is read.
    """
    from impasto.guidance import Guides
    from impasto.imaging import MASK_NAMES, check_file, read_mask, read_picture

    masks = Guides(guides.masks, guides.style_masks, protect=guides.protect).files
    maps = Guides(regions=guides.regions, style_regions=guides.style_regions).files
    for path in masks:
        if not path.suffix and len(path.parts) == 1 and not path.exists():
            raise PictureError(f"'{path}' is neither a file nor one of the words {', '.join(MASK_NAMES)}.")
    for path in (*masks, *maps):
        check_file(path)
        picture = read_picture(path, longest=CHECK_SIDE) if read else None
        if picture is not None and path in masks:
            read_mask(picture, picture.height, picture.width, name=path.name)


def as_arguments(guides: Guides) -> list[str]:
    """Return command-line arguments that give the same guides."""
    from impasto.imaging import MASK_NAMES

    arguments = []
    for field, flag in FLAGS.items():
        for guide in _listed(guides, field):
            file_like_a_word = isinstance(guide, Path) and str(guide) in MASK_NAMES
            arguments.append(f"{flag}=./{guide}" if file_like_a_word else f"{flag}={guide}")
    return arguments


def names_of(guides: Guides) -> dict[str, str]:
    """Return the names of the given guides for display: ``{"masks": "left, sky.png"}``."""
    return {
        field.replace("_", " "): ", ".join(Path(guide).name for guide in _listed(guides, field))
        for field in FLAGS
        if _listed(guides, field)
    }


def _listed(guides: Guides, field: str) -> tuple[Any, ...]:
    value = getattr(guides, field)
    return value if isinstance(value, tuple) else () if value is None else (value,)


def word_or_path(text: str) -> str | Path:
    """Return one of the words for a mask, or the path of a file."""
    from impasto.imaging import MASK_NAMES

    return text if text in MASK_NAMES else Path(text)


def _present(field: str, value: str | list[str], source: Path) -> str | list[str]:
    """Return stored names, with the paths of files where they are now."""
    from impasto.imaging import MASK_NAMES

    if isinstance(value, list):
        return [str(_present(field, name, source)) for name in value]
    if value in MASK_NAMES:
        return value
    role = "map" if "regions" in field else "mask"
    return str(stored_path(value, role, source, f"give it with {FLAGS[field]}").absolute())
