"""Which pictures are contents and which are styles: from the command line, a checkpoint, or a finished picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.errors import RecipeError
from impasto.provenance import stored_path


@dataclass(frozen=True)
class Inputs:
    """Content pictures (None: a texture has none) and style pictures."""

    contents: tuple[Path | None, ...]
    styles: tuple[Path, ...]

    @property
    def read_files(self) -> list[Path]:
        """Every file that is read."""
        return [path for path in (*self.contents, *self.styles) if path is not None]


def typed_inputs(pictures: Sequence[Path], styles: Sequence[Path]) -> Inputs:
    """Return what ``PHOTO... PAINTING`` or ``PHOTO... --style PAINTING`` means; folders become their pictures.

    Raises `RecipeError` when something is missing and `PictureError` for a name that does not exist.
    """
    from impasto.imaging import pictures_in

    if not styles:
        if len(pictures) < 2:
            given = f"only '{pictures[0]}' was given" if pictures else "nothing was given"
            raise RecipeError(f"Give a photograph and a painting, or --style PAINTING; {given}.")
        pictures, styles = pictures[:-1], pictures[-1:]
    if not pictures:
        raise RecipeError("No photograph was given; name one, or use 'impasto texture' for a style alone.")
    for style in styles:
        if style.is_dir():
            raise RecipeError(f"The style '{style}' is a folder; give one picture, or several with --style.")
    return Inputs(tuple(pictures_in(pictures)), tuple(styles))


def stored_inputs(
    stored: Mapping[str, Any], pictures: Sequence[Path], styles: Sequence[Path], source: Path
) -> Inputs:
    """Return the pictures that ``source`` (a checkpoint or a finished picture) names, or those typed instead.

    Without --style, one picture replaces the stored content; two or more are contents and, last, the style. Raises
    `RecipeError` when a stored picture is not named or does not exist any more.
    """
    from impasto.imaging import pictures_in

    if len(pictures) > 1 and not styles:
        return typed_inputs(pictures, styles)
    contents: tuple[Path | None, ...] = tuple(pictures_in(pictures)) if pictures else ()
    if not contents:
        content = stored.get("content")
        advice = "give the content as PHOTO"
        contents = (None if content is None else stored_path(content, "content picture", source, advice),)
    if not styles:
        names = stored.get("styles") or []
        if not isinstance(names, list):
            raise RecipeError(
                f"'{source}' does not say which styles it was painted with; give them with --style."
            )
        styles = [stored_path(name, "style picture", source, "give it with --style") for name in names]
    if contents == (None,) and not styles:
        raise RecipeError(f"'{source}' does not say from which pictures it was painted; give them.")
    return Inputs(contents, tuple(styles))
