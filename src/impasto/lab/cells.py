"""Cells of a study: pictures to paint, networks to fine-tune, one-pass networks to apply.

Cells are plain data, so that studies can be listed without torch; `impasto.lab.works` executes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

FROM_NOISE: Mapping[str, Any] = MappingProxyType(
    {
        "start": "noise",
        "learning_rate": 0.1,
        "betas": (0.9, 0.99),
        "final_learning_rate_factor": 0.01,
        "views": 1,
        "hold": False,
    }
)
"""Recipe fields that reconstruct a picture from noise by minimising a loss as far as it goes."""


@dataclass(frozen=True)
class PaintCell:
    """One picture painted by optimisation.

    Attributes:
        key: coordinates of the cell in the study's grid.
        recipe: fields of `Recipe` that differ from ``preset``. Encoder, weights and size come from the setting
            unless they are given here.
        preset: name of the preset.
        content: whether the content image takes part.
        styles: indices of the style images that take part.
        balance_once: whether the factors sigma come from one earlier run of the same recipe, unbalanced and at even
            weights, by `impasto.optimize.balance.square_root_sigmas`. The cell then takes twice as long.
        missing: why the cell cannot be painted here; a cell with a reason is listed and not painted.
    """

    key: Mapping[str, str | int | float]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    preset: str = "impasto"
    content: bool = True
    styles: tuple[int, ...] = (0,)
    balance_once: bool = False
    missing: str = ""


@dataclass(frozen=True)
class FinetuneCell:
    """One fine-tuning.

    It trains on ``per_class`` pictures of each of the first ``classes`` classes; None takes all. It ignores the
    study's measures and reports its own values: accuracy, chance, loss, epochs, seconds, trained parameters, ...
    (see `impasto.lab.trained_cell`). Its trace has one line per epoch.

    Attributes:
        key: coordinates of the cell in the study's grid.
        settings: fields of the settings of `impasto finetune` that differ from the defaults. The encoder comes from
            the setting unless it is given here.
        classes: number of classes.
        per_class: number of pictures of each class.
        missing: why the cell cannot be trained here; a cell with a reason is listed and not trained.
    """

    key: Mapping[str, str | int | float]
    settings: Mapping[str, Any] = field(default_factory=dict)
    classes: int | None = None
    per_class: int | None = None
    missing: str = ""


@dataclass(frozen=True)
class OnePassCell:
    """One picture painted by a one-pass network.

    It ignores the study's measures and reports its own values: STYLE, CONTENT, NOISE and seconds (see
    `impasto.lab.one_pass_cell`).

    Attributes:
        key: coordinates of the cell in the study's grid.
        network: a weights file, or the name of a network that ships with impasto.
        strength: stylisation strength.
        missing: why the cell cannot be painted here; a cell with a reason is listed and not painted.
    """

    key: Mapping[str, str | int | float]
    network: str
    strength: float = 0.5
    missing: str = ""


Cell: TypeAlias = PaintCell | FinetuneCell | OnePassCell
"""Any kind of cell. A new kind is one class here and one line in each function of `impasto.lab.works`."""
