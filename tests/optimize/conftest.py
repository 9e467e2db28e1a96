from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
import torch

from impasto.guidance import Guides, Result
from impasto.losses import StyleTerm
from impasto.optimize import Event, Finished, Painter, Stepped, make_recipe, open_job, run
from impasto.optimize.context import RunContext
from impasto.optimize.job import Job
from impasto.optimize.objective import Objective
from impasto.optimize.views import View


@pytest.fixture(scope="session", autouse=True)
def _one_thread(_threads: None) -> Iterator[None]:
    """Pictures this small are slower on two threads, and many times so where other programs run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def _known_speed() -> Iterator[None]:
    """Measuring the machine's speed for the estimate of a plan takes longer than most runs here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "gradient_speed", lambda encoder, layers, device: 1e10)
        yield


def picture(height: int, width: int, seed: int) -> torch.Tensor:
    """A smooth random picture (1,3,h,w) in [0,1]."""
    noise = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(noise, (height, width), mode="bicubic").clamp(0, 1)


@pytest.fixture
def content() -> torch.Tensor:
    return picture(48, 64, 1)


@pytest.fixture
def style() -> torch.Tensor:
    return picture(56, 40, 2)


def job(content, style, guides: Guides | None = None, **recipe) -> Job:
    """A small run through the tiny encoder; content may be None, style one picture or several."""
    settings = {
        "encoder": "tiny",
        "size": 64,
        "smallest": 32,
        "precision": "float32",
        "steps": 12,
        "hold": False,
    }
    settings |= recipe
    preset = settings.pop("preset", "impasto")
    if preset == "impasto" and "start_picture" not in settings:
        # The start "fast" needs a one-pass network, which this package does not know; tests/test_painting.py has it.
        settings.setdefault("start", "content")
    styles = style if isinstance(style, list) else [style]
    return open_job(make_recipe(preset, **settings), content, styles, guides)


def finish(painter: Painter) -> Result:
    """Paint to the end."""
    return next(event.result for event in painter.events() if isinstance(event, Finished))


def step_to(stream: Iterator[Event], total: int) -> Stepped:
    """Take the stream to this step."""
    for event in stream:
        if isinstance(event, Stepped) and event.total == total:
            return event
    raise AssertionError("the run is shorter")


def stop_at(painter: Painter, total: int) -> None:
    """Paint up to this step, then stop as Ctrl-C does, which writes the checkpoint."""
    stream = painter.events()
    step_to(stream, total)
    stream.close()


def objectives(of: Job, views: Sequence[View] | None = None, scale: int = -1) -> dict[View, Objective]:
    """What a run compares at one of its scales, through the plain view unless others are given."""
    context = RunContext(of, torch.device("cpu"))
    scales = of.plan.scales
    inputs = context.scale_inputs(
        scales[scale], context.style_weights(scale % len(scales)), torch.Generator().manual_seed(0)
    )
    return context.objectives(inputs, [View()] if views is None else views)


def style_terms(of: Job, **which) -> dict[str, StyleTerm]:
    """The style terms of a run by layer, through one view."""
    (objective,) = objectives(of, **which).values()
    return {term.layer: term for term in objective.terms if isinstance(term, StyleTerm)}


def style_sum(parts: Mapping[str, float], begins: str = "style") -> float:
    return sum(value for name, value in parts.items() if name.startswith(begins))
