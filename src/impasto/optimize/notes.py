"""Notes on a plan: what a user should know before the run starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from impasto.encoders import is_file_name
from impasto.imaging.print_sizes import Size
from impasto.optimize.pictures import PicturesByScale
from impasto.optimize.plan import Plan
from impasto.optimize.presets import PRESETS
from impasto.optimize.recipe import Recipe


def plan_notes(plan: Plan, pictures: PicturesByScale) -> tuple[str, ...]:
    """Return one sentence for each thing about ``plan`` that a user should know before it starts."""
    return (*_other_weights(plan.recipe), *_enlarged_styles(plan, pictures))


def _other_weights(recipe: Recipe) -> Iterator[str]:
    """Yield a note if a published preset is used with other weights than its source's."""
    preset = PRESETS.get(recipe.preset)
    published = preset.published_weights if preset is not None else None
    if published in (None, recipe.encoder):
        return
    name = Path(recipe.encoder).name if is_file_name(recipe.encoder) else recipe.encoder
    weights = f" with {Path(recipe.weights).name}" if recipe.weights else ""
    yield (
        f"Preset '{recipe.preset}' was published with the weights of {published}, not of {name}{weights}; here its "
        "losses have another size."
    )


def _enlarged_styles(plan: Plan, pictures: PicturesByScale) -> Iterator[str]:
    """Yield a note for every style image that is compared at a larger size than it has."""
    for index in range(len(pictures.full.styles)):
        larger = [
            (read, scale.styles[index])
            for scale in plan.scales
            for read in [pictures.at(max(scale.height, scale.width)).sizes.styles[index]]
            if _is_larger(scale.styles[index], read)
        ]
        if larger:
            read, compared = larger[-1]
            yield (
                f"Style image {_name(pictures.full.style_names, index)} has {read[1]}x{read[0]} pixels and is enlarged "
                f"to {compared[1]}x{compared[0]}; a larger file or a smaller --size or --stroke gives sharper strokes."
            )


def _is_larger(size: Size, other: Size) -> bool:
    """Return whether a side of ``size`` is longer than that of ``other`` by more than rounding."""
    return any(a > b + 1 for a, b in zip(size, other, strict=True))


def _name(names: Sequence[str | None], index: int) -> str:
    """Return the file name of a style image in quotes, its number if it was given from memory."""
    name = Path(names[index] or "")
    return f"'{name.name}'" if name.suffix else str(index + 1)
