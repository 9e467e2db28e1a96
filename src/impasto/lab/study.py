"""What a study is: a question, its source, a grid of cells, what to measure, and a figure.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from impasto.lab.figure import Figure
    from impasto.lab.row import FigureData, Row
    from impasto.lab.run import Laboratory
    from impasto.lab.work import AnyCell, Work

FULL_SIZE, QUICK_SIZE = 320, 192
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
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
"""Fields of a recipe that finds a picture with given features from noise, all the way down."""

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Setting:
    """How a study is run: through which encoder, how large, and whether quickly.

    ``weights`` is a file with the weights of VGG-19. ``longest`` and ``most_steps`` replace the size and limit the
    steps that the studies choose themselves. ``data`` is a folder of class folders to train on, else such are painted.
    ``network`` is a file of a network trained for the first style.
    """

    encoder: str = "compact"
    weights: str | None = None
    quick: bool = False
    longest: int | None = None
    most_steps: int | None = None
    data: str | None = None
    network: str | None = None

    @property
    def size(self) -> int:
        """The longer side of the pictures: 320 pixels, 192 if quick."""
        return self.longest or self.choose(FULL_SIZE, QUICK_SIZE)

    @property
    def vgg(self) -> bool:
        """Whether pictures are painted through a VGG network with all its layers (`conv4_2`, `relu4_4`, ...)."""
        return self.encoder.startswith("vgg")

    @property
    def layers(self) -> tuple[str, ...]:
        """The first layer of each block, from the shallowest, which every VGG-like encoder has."""
        return LAYERS

    def choose(self, full: Choice, quick: Choice) -> Choice:
        """Return ``quick`` if the study is to be quick, else ``full``."""
        return quick if self.quick else full

    def steps(self, full: int, quick: int) -> int:
        """Return `choose` of two numbers of steps, not above ``most_steps``."""
        wanted = self.choose(full, quick)
        return wanted if self.most_steps is None else min(wanted, self.most_steps)


@dataclass(frozen=True)
class PaintCell:
    """One painted picture of a study.

    ``key`` are its coordinates in the grid, ``recipe`` the fields of `Recipe` that differ from ``preset``; encoder,
    weights and size come from the setting unless they are in it. ``content`` says whether the photograph takes
    part and ``styles`` which of the style pictures do, from 0. A cell with ``missing``, the reason why it cannot be
    painted here, is listed and not painted.
    """

    key: Mapping[str, str | int | float]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    preset: str = "impasto"
    content: bool = True
    styles: tuple[int, ...] = (0,)
    missing: str = ""

    def open(self, study: Study, laboratory: Laboratory) -> Work:
        """Return the work of painting and measuring it; raises `ImpastoError` where it cannot be painted."""
        from impasto.lab.painted_cell import open_painting

        return open_painting(self, study.measures, laboratory)

    def conditions(self, laboratory: Laboratory) -> str:
        """Return in sentences from what it is painted, and who judges."""
        from impasto.lab.painted_cell import painting_conditions

        return painting_conditions(laboratory)


@dataclass(frozen=True)
class FinetuneCell:
    """One fine-tuning of a study.

    ``key`` are its coordinates in the grid, ``settings`` the fields of `impasto finetune`'s settings that differ from
    its own; the encoder comes from the setting unless it is in them. It learns from the first ``classes`` classes,
    ``per_class`` pictures of each, or all there are. Its values do not depend on the study's measures: accuracy,
    chance, loss, epochs, seconds, trained parameters, ... (`impasto.lab.trained_cell`); its course is a line an epoch.
    """

    key: Mapping[str, str | int | float]
    settings: Mapping[str, Any] = field(default_factory=dict)
    classes: int | None = None
    per_class: int | None = None
    missing: str = ""

    def open(self, study: Study, laboratory: Laboratory) -> Work:  # noqa: ARG002 (a training measures itself)
        """Return the work of training; raises `ImpastoError` where it cannot be trained."""
        from impasto.lab.trained_cell import open_training

        return open_training(self, laboratory)

    def conditions(self, laboratory: Laboratory) -> str:
        """Return in sentences what is trained on which pictures."""
        from impasto.lab.trained_cell import training_conditions

        return training_conditions(self, laboratory)


@dataclass(frozen=True)
class OnePassCell:
    """One picture of a study that a trained network paints: ``network`` is a file, or one that comes with impasto.

    Its values do not depend on the study's measures: STYLE, CONTENT, NOISE and seconds (`impasto.lab.one_pass_cell`).
    """

    key: Mapping[str, str | int | float]
    network: str
    strength: float = 0.5
    missing: str = ""

    def open(self, study: Study, laboratory: Laboratory) -> Work:  # noqa: ARG002 (a pass measures itself)
        """Return the work of painting; raises `ImpastoError` where the network is not there."""
        from impasto.lab.one_pass_cell import open_one_pass

        return open_one_pass(self, laboratory)

    def conditions(self, laboratory: Laboratory) -> str:
        """Return in a sentence how a network paints."""
        from impasto.lab.one_pass_cell import one_pass_conditions

        return one_pass_conditions(laboratory)


@dataclass(frozen=True)
class Study:
    """One experiment. ``says`` is what the source says, ``differs`` what is done otherwise here.

    ``measures`` are names of `impasto.lab.measures.MEASURES` and ``columns`` the values that the report shows, all
    of them if there are none. ``figure`` draws the rows, ``notes`` says in sentences what was measured; it is given
    only the rows that are there. ``styles`` is how many style pictures it needs,
    ``full_size`` their longer side in a full run.
    """

    name: str
    title: str
    question: str
    source: str
    says: str
    cells: Callable[[Setting], Sequence[AnyCell]]
    measures: tuple[str, ...]
    figure: Callable[[FigureData], Figure]
    notes: Callable[[Sequence[Row]], Sequence[str]] = lambda _: ()
    columns: tuple[str, ...] = ()
    styles: int = 1
    differs: str = ""
    full_size: int = FULL_SIZE

    def own(self, setting: Setting) -> Setting:
        """Return ``setting`` with the study's own size where it is run in full and no size was given."""
        if setting.quick or setting.longest is not None or self.full_size == FULL_SIZE:
            return setting
        return replace(setting, longest=self.full_size)
