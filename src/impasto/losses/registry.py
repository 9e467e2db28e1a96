"""Registries of style losses, content losses and total variations.

A new loss is one file and one entry here. Allowed values of recipes, command-line options, the JSON schema and
the objective derive from the entries. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from impasto.errors import RecipeError, unknown
from impasto.losses.gram_normalisations import GRAM_NORMALISATIONS
from impasto.registry import ImplementationRegistry, RegistryEntry, load_named

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from impasto.losses.bands import Band
    from impasto.losses.base import StyleLoss


@dataclass(frozen=True)
class LossOption:
    """An option of a style loss that takes one of a few words.

    ``keyword`` is the argument of the constructor, ``setting`` the recipe's field that gives it and ``label`` its
    name in error messages. With a choice in ``same_size``, the style image must have the output's size.
    """

    keyword: str
    setting: str
    label: str
    choices: tuple[str, ...]
    default: str
    same_size: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StyleLossEntry(RegistryEntry):
    """A style loss: a `StyleLoss` class and what it declares.

    A ``random`` loss draws random numbers at every call. Its constructor takes ``seed`` and ``generator``, and an
    optimiser that needs a fixed objective cannot use it. ``mixes`` says whether the targets of several styles can
    be averaged into one (``StyleLoss.average_targets``). A loss with ``patch`` above 1 matches each patch of so many
    positions a side with all patches of the style; the others do not depend on the arrangement of the positions.
    """

    options: tuple[LossOption, ...] = ()
    random: bool = False
    mixes: bool = True
    patch: int = 1

    def create(
        self,
        options: Mapping[str, str | None] | None = None,
        *,
        seed: int = 0,
        generator: torch.Generator | None = None,
    ) -> StyleLoss[Any]:
        """Return a new loss; ``options`` are by keyword, None stands for the default.

        A random loss draws from ``generator``, or from one that starts at ``seed``. Raises RecipeError on an option
        that this loss does not have, or a value that it does not allow.
        """
        given = {keyword: value for keyword, value in (options or {}).items() if value is not None}
        known = {option.keyword: option for option in self.options}
        for keyword, value in given.items():
            if keyword not in known:
                raise RecipeError(f"Style loss '{self.name}' has no {keyword} (got '{value}'); leave it out.")
            if value not in known[keyword].choices:
                raise RecipeError(unknown(known[keyword].label, value, known[keyword].choices))
        arguments: dict[str, Any] = {option.keyword: option.default for option in self.options} | given
        if self.random:
            arguments |= {"seed": seed, "generator": generator}
        loss: StyleLoss[Any] = self.load()(**arguments)
        return loss

    def options_in(self, settings: object) -> dict[str, str]:
        """Return this loss's options by keyword, read from the fields of ``settings`` (a recipe)."""
        return {option.keyword: getattr(settings, option.setting) for option in self.options}

    def needs_same_size(self, settings: object) -> bool:
        """Return whether the style image must have the output's size under ``settings`` (a recipe)."""
        return any(getattr(settings, option.setting) in option.same_size for option in self.options)


@dataclass(frozen=True, kw_only=True)
class ContentLossEntry(RegistryEntry):
    """A content loss: a function that scales the sum of squared differences (`impasto.losses.content`).

    ``comparable`` values mean the same for every image, layer and encoder; ``hold`` needs that.
    """

    comparable: bool = False


@dataclass(frozen=True, kw_only=True)
class VariationEntry(RegistryEntry):
    """A form of total variation: a function of an image (B, C, H, W) that returns a scalar.

    ``band`` is the function of a `Band` that returns its share, or "module:function"; a form without one cannot be
    painted in tiles.
    """

    band: Any = None

    def load_band(self) -> Callable[[Band], Tensor]:
        """Return the function of a band."""
        function: Callable[[Band], Tensor] = load_named(self.band)
        return function


GRAM_NORMALISATION = LossOption(
    keyword="normalisation",
    setting="gram",
    label="Gram normalisation",
    choices=tuple(GRAM_NORMALISATIONS),
    default="d2l",
    same_size=tuple(name for name, rule in GRAM_NORMALISATIONS.items() if rule.same_size),
)

# Positions along a side of the patches of Li and Wand 2016, section 3.1.
MRF_PATCH = 3

STYLE_LOSSES: ImplementationRegistry[StyleLossEntry] = ImplementationRegistry(
    "style loss",
    [
        StyleLossEntry(
            name="gram", implementation="impasto.losses.gram:GramLoss", options=(GRAM_NORMALISATION,)
        ),
        StyleLossEntry(name="moments", implementation="impasto.losses.relative:RelativeMomentLoss"),
        StyleLossEntry(name="wasserstein", implementation="impasto.losses.wasserstein:WassersteinLoss"),
        StyleLossEntry(
            name="sliced",
            implementation="impasto.losses.sliced:SlicedWassersteinLoss",
            random=True,
            mixes=False,
        ),
        StyleLossEntry(name="mrf", implementation="impasto.losses.mrf:MRFLoss", mixes=False, patch=MRF_PATCH),
    ],
)

CONTENT_LOSSES: ImplementationRegistry[ContentLossEntry] = ImplementationRegistry(
    "content normalisation",
    [
        ContentLossEntry(name="gatys", implementation="impasto.losses.content:gatys_scale"),
        ContentLossEntry(name="mean", implementation="impasto.losses.content:mean_scale"),
        ContentLossEntry(
            name="variance", implementation="impasto.losses.content:variance_scale", comparable=True
        ),
    ],
)

VARIATIONS: ImplementationRegistry[VariationEntry] = ImplementationRegistry(
    "total variation form",
    [
        VariationEntry(
            name=name,
            implementation=f"impasto.losses.variation:{name}_variation",
            band=f"impasto.losses.bands:{name}_band",
        )
        for name in ("l1", "l1_normalised", "l2", "nine_point", "half_sum")
    ],
)
