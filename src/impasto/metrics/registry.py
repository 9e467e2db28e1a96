"""Registry of the measures: `judge`, `impasto evaluate`, the lab and docs/judging.md read it.

A new measure is one function of a `Comparison` in its own file, one entry here and one section of docs/judging.md.
Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from impasto.errors import RecipeError
from impasto.registry import ImplementationRegistry, RegistryEntry

STYLE5_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE_LAYERS = STYLE5_LAYERS[:4]
CONTENT_LAYERS = ("relu4_1", "relu4_2")
PUBLISHED_CONTENT_LAYERS = ("relu4_1", "relu5_1")
# The compact encoder does not have these layers: neither the default recipe nor a network that ships is tuned to them.
# The preset `johnson` is.
UNUSED_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_2")


@dataclass(frozen=True, kw_only=True)
class MeasureEntry(RegistryEntry):
    """A measure: a function of a `Comparison`, and of ``layers`` if it has some, that returns a number or None.

    Attributes:
        heading: heading of its column.
        summary: what it measures, in a few words.
        range: its range, and the values that help to read it.
        layers: layers that it compares.
        whole: whether it compares features position by position, so that whole maps are kept.
        published: whether it uses `PublishedVgg` and the filters' mean activation.
        trained_on: whether impasto's own networks and recipes minimise it, or something close to it.
    """

    heading: str
    summary: str
    range: str
    layers: tuple[str, ...] = ()
    whole: bool = False
    published: bool = False
    trained_on: bool = False


def _style_entry(name: str, heading: str, summary: str, layers: tuple[str, ...]) -> MeasureEntry:
    return MeasureEntry(
        name=name,
        implementation="impasto.metrics.style:style_sum",
        heading=heading,
        summary=summary,
        range=f"from 0; {len(layers)} to {2 * len(layers)} for a black picture",
        layers=layers,
        trained_on=True,
    )


_ENTRIES = (
    _style_entry(
        "style5", "STYLE5", "distance from the style image over five layers; the headline", STYLE5_LAYERS
    ),
    _style_entry("style", "STYLE", "the same over four layers, without relu5_1", STYLE_LAYERS),
    *(_style_entry(layer, layer, f"the share of {layer} in STYLE5", (layer,)) for layer in STYLE5_LAYERS),
    MeasureEntry(
        name="content",
        implementation="impasto.metrics.content:content",
        heading="CONTENT",
        summary="distance from the content image",
        range="from 0; 1 to 4 for an unrelated picture",
        layers=CONTENT_LAYERS,
        whole=True,
        trained_on=True,
    ),
    MeasureEntry(
        name="Lc",
        implementation="impasto.metrics.published:published_content",
        heading="Lc",
        summary="content distance of published tables",
        range="from 0; about 4 for an unrelated picture",
        layers=PUBLISHED_CONTENT_LAYERS,
        whole=True,
        published=True,
    ),
    MeasureEntry(
        name="Ls",
        implementation="impasto.metrics.published:published_style",
        heading="Ls",
        summary="style distance of published tables",
        range="from 0",
        layers=STYLE5_LAYERS,
        published=True,
    ),
    MeasureEntry(
        name="sliced",
        implementation="impasto.metrics.sliced:sliced",
        heading="SLICED",
        summary="sliced Wasserstein distance from the style image at five other layers",
        range="from 0; about 5 for a flat picture",
        layers=UNUSED_LAYERS,
    ),
    MeasureEntry(
        name="checkerboard",
        implementation="impasto.metrics.checkerboard:checkerboard",
        heading="CHECKERBOARD",
        summary="checkerboard of single pixels",
        range="0 to 127.5; photographs have about .17",
    ),
    MeasureEntry(
        name="repetition",
        implementation="impasto.metrics.repetition:repetition",
        heading="REPETITION",
        summary="repeated marks where the photograph is flat",
        range="-1 to 1; above .3 the repetition is visible",
    ),
    MeasureEntry(
        name="noise",
        implementation="impasto.metrics.spectrum:noise_to_style",
        heading="NOISE",
        summary="fine grain relative to the style image",
        range="from 0; 1 for the grain of the style image",
    ),
    MeasureEntry(
        name="ssim",
        implementation="impasto.metrics.similarity:ssim_to_content",
        heading="SSIM",
        summary="structural similarity with the content image; higher is closer",
        range="-1 to 1; 1 for the content image",
    ),
)

MEASURES: ImplementationRegistry[MeasureEntry] = ImplementationRegistry("measure", _ENTRIES)


def select_measures(names: Collection[str] | None = None) -> Sequence[MeasureEntry]:
    """Return these measures in the order given, or all; raises RecipeError for an unknown name or none at all."""
    if names is None:
        return tuple(MEASURES.values())
    if not names:
        raise RecipeError(f"No measure was named; choose from {', '.join(MEASURES)}.")
    return tuple(MEASURES.find(name) for name in dict.fromkeys(names))
