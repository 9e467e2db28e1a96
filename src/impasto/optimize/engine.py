"""The engine: a generator of events that paints one picture, scale by scale, step by step."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from impasto.encoders import tune_process
from impasto.errors import DivergedError
from impasto.guidance import Result, content_factor
from impasto.imaging import fit, resize
from impasto.optimize.balance import improvements, next_sigmas
from impasto.optimize.changes import changed_job
from impasto.optimize.checkpoint import Checkpoint, restore, write_checkpoint
from impasto.optimize.context import RunContext
from impasto.optimize.control import next_gain
from impasto.optimize.events import (
    Balancing,
    Event,
    Finished,
    Preview,
    Recovered,
    ScaleDone,
    ScaleStarted,
    Started,
    Stepped,
)
from impasto.optimize.guard import DivergenceGuard
from impasto.optimize.job import Job
from impasto.optimize.mixing import style_gains, style_losses
from impasto.optimize.objective import Objective, build_objectives
from impasto.optimize.plan import ScalePlan
from impasto.optimize.state import (
    Average,
    RunState,
    learning_rate,
    make_optimizer,
    next_scale,
)
from impasto.optimize.views import View, view_of_step

Evaluated = tuple[Tensor, Tensor, Tensor, dict[str, float]]
Compared = tuple[Sequence[float], dict[View, Objective], Sequence[float]]


class Painter:
    """One run of one job. `events` paints; `picture` is the picture so far at any time between two events.

    ``preview_every`` emits a `Preview` after so many steps (0: never). With ``checkpoint`` the state is written
    at most every ``checkpoint_seconds`` and when the generator is closed early; ``resume`` goes on from one.
    """

    def __init__(
        self,
        job: Job,
        *,
        preview_every: int = 0,
        checkpoint: Path | None = None,
        checkpoint_seconds: float = 5.0,
        resume: Checkpoint | None = None,
    ) -> None:
        self.job = job
        self.plan = job.plan
        self.recipe = job.plan.recipe
        self.device = torch.device(job.plan.device)
        self.preview_every = preview_every
        self.checkpoint = checkpoint
        self.checkpoint_seconds = checkpoint_seconds
        self.setup = RunContext(job, self.device)
        self.state, self.guard = restore(resume, job.digests, self.device) if resume else self._fresh()
        self._finish = job.finish()
        self._recent: deque[Evaluated] = deque(maxlen=3)
        self._changed = False
        self._started = time.monotonic()
        self._saved_at = self._started
        self._first_total = self.state.total

    def _fresh(self) -> tuple[RunState, DivergenceGuard]:
        recipe, scale = self.recipe, self.plan.scales[0]
        generator = torch.Generator().manual_seed(recipe.seed)
        image = self.setup.start((scale.height, scale.width), generator)
        image = image.clone().to(self.device).requires_grad_(True)
        state = RunState(image, make_optimizer(recipe, image), Average(recipe.average), generator)
        state.gain = content_factor(recipe.strength)
        state.sigmas = self.setup.first_sigmas()
        return state, DivergenceGuard()

    def picture(self) -> Tensor:
        """Return the picture so far (1,3,H,W) in [0,1] at the size of the finished picture."""
        return self._finish(resize(self.state.picture().cpu(), (self.plan.height, self.plan.width)))

    def preview(self, longest: int | None = None) -> Tensor:
        """Return the picture so far (1,3,h,w) in [0,1] at the size that is being painted, or one no larger."""
        picture = self.state.picture()
        if longest is not None and max(picture.shape[2:]) > longest:
            picture = resize(picture, fit(picture.shape[2], picture.shape[3], longest))
        return self._finish(picture.cpu())

    def change(self, *, strength: float | None = None, mix: Sequence[float] | None = None) -> None:
        """Go on with another strength or mix from the next step; None leaves what is.

        Call it between two events. The recipe of the result is then the changed one, and its provenance says at
        which steps it changed. Raises `RecipeError` for what `Recipe` or the number of styles does not allow;
        nothing is changed then.
        """
        job, added = changed_job(self.job, self.state.total, strength, mix)
        if not added:
            return
        self.state.gain *= content_factor(job.plan.recipe.strength) / content_factor(self.recipe.strength)
        self.state.changes.append(added)
        self.job, self.plan, self.recipe = job, job.plan, job.plan.recipe
        self.setup = RunContext(job, self.device)
        if self.recipe.optimizer == "lbfgs":  # what it knows of the curvature was that of another loss
            self.state.optimizer = make_optimizer(self.recipe, self.state.image)
        # Losses before the change are no measure of those after it, and the old gain must not come back.
        self.guard.start_scale(self.state)
        self._changed = True

    def save_checkpoint(self, path: Path) -> None:
        """Write the state of the run to ``path``."""
        write_checkpoint(path, self.recipe, self.job.digests, self.job.inputs, self.state, self.guard)
        self._saved_at = time.monotonic()

    def events(self) -> Generator[Event, None, None]:
        """Paint and say so. Raises `DivergedError` when no finite way on is found."""
        tune_process()
        yield Started(self.plan, self.state.total)
        try:
            if self.state.sigmas is None:
                yield from self._rehearse()
            while True:
                yield from self._scale()
                if self.state.scale + 1 >= len(self.plan.scales):
                    break
                scale = self.plan.scales[self.state.scale + 1]
                next_scale(self.state, self.recipe, (scale.height, scale.width))
            if self.checkpoint:
                self.save_checkpoint(self.checkpoint)
        except GeneratorExit:
            if self.checkpoint:
                self.save_checkpoint(self.checkpoint)
            raise
        yield Finished(self.result())

    def result(self) -> Result:
        """Return the picture so far as a result."""
        found = self.setup.improvements(self.plan.scales[self.state.scale], self.state.picture())
        provenance = {"recipe": self.recipe.to_json(), **self.job.inputs}
        if self.state.changes:
            provenance["changes"] = list(self.state.changes)
        if found:
            provenance |= {"sigmas": list(self.state.sigmas or ()), "improvements": list(found)}
        return Result(
            self.picture(),
            self.job.alpha,
            time.monotonic() - self._started,
            provenance,
            tuple(self.state.losses),
            (self.state.sigmas or ()) if found else (),
            found,
        )

    def _rehearse(self) -> Iterator[Event]:
        """Find the factors on the styles' losses in a small run at even weights."""
        small = Painter(self.setup.rehearsal())
        for event in small.events():
            if isinstance(event, Stepped):
                yield Balancing(event.total, small.plan.steps, small.state.sigmas or ())
        self.state.sigmas = small.state.sigmas

    def _scale(self) -> Iterator[Event]:
        state, scale = self.state, self.plan.scales[self.state.scale]
        began = time.monotonic()
        yield ScaleStarted(state.scale, scale)
        views = self.setup.views(scale)
        mix, objectives, first_losses = self._compare(scale, views)
        if state.step == 0:
            self.guard.start_scale(state)
        while state.step < scale.steps:
            if self._changed:
                mix, objectives, first_losses = self._compare(scale, views)
            view = views[view_of_step(len(views), self.recipe.seed, state.step)]
            loss, parts = self._step(objectives[view], scale.steps, self._gains(mix))
            if not self.guard.accepts(state, loss):
                if state.total <= 1 and not self.guard.recoveries and not math.isfinite(loss):
                    raise DivergedError(
                        "The very first loss is not a finite number; use --precision float32 or smaller weights."
                    )
                message = self.guard.restore(state)
                self._recent.clear()
                yield Recovered(message, state.total, self.recipe.learning_rate * state.rate_factor)
                continue
            state.losses.append(loss)
            if state.composed is None:
                self._steer(parts, scale.steps, first_losses)
            self.guard.keep(state)
            yield Stepped(state.scale, state.step, state.total, loss, parts, self._seconds_left())
            if self.preview_every and state.total % self.preview_every == 0:
                yield Preview(self.preview(), state.total)
            if self.checkpoint and time.monotonic() - self._saved_at >= self.checkpoint_seconds:
                self.save_checkpoint(self.checkpoint)
        yield ScaleDone(state.scale, scale, time.monotonic() - began)

    def _compare(self, scale: ScalePlan, views: Sequence[View]) -> Compared:
        """Return what the steps of a scale compare: mix, objectives, and first losses where those are steered by."""
        self._changed = False
        self._recent.clear()
        mix = self.setup.mix(self.state.scale)
        targets = self.setup.targets(scale, mix, self.state.generator)
        objectives = build_objectives(targets, views, self.state.composed)
        first_losses = self.setup.start_losses(scale) if self.setup.balances_itself else ()
        return mix, objectives, first_losses

    def _gains(self, mix: Sequence[float]) -> dict[str, float]:
        """Return the factors on the terms of content and styles."""
        gains = {"content": self.state.gain}
        if self.recipe.blend == "losses" and mix:
            gains |= style_gains(mix, self.state.sigmas or (1.0,) * len(mix))
        return gains

    def _steer(self, parts: Mapping[str, float], steps: int, first_losses: Sequence[float]) -> None:
        """Move the factors on content and styles towards what the recipe asks for, after a step."""
        state = self.state
        if first_losses and state.sigmas:
            count = len(state.sigmas)
            now = (loss * count / s for loss, s in zip(style_losses(parts, count), state.sigmas, strict=True))
            found = improvements(first_losses, tuple(now))
            state.sigmas = next_sigmas(state.sigmas, found, state.step, steps)
        state.gain = next_gain(self.recipe, state.gain, parts, state.step, steps)

    def _step(
        self, objective: Objective, steps: int, gains: Mapping[str, float]
    ) -> tuple[float, dict[str, float]]:
        """Take one optimiser step; return the loss before it and its terms."""
        state = self.state
        rate = learning_rate(self.recipe, state.step, steps) * state.rate_factor
        state.optimizer.param_groups[0]["lr"] = rate
        first: list[tuple[float, dict[str, float]]] = []

        def closure() -> Tensor:
            loss, parts = self._evaluate(objective, gains)
            if not first:
                first.append((float(loss), parts))
            return loss

        state.optimizer.step(closure)
        with torch.no_grad():
            if self.recipe.clamp:
                state.image.clamp_(0, 1)
            state.average.update(state.image)
        state.step += 1
        state.total += 1
        return first[0]

    def _evaluate(self, objective: Objective, gains: Mapping[str, float]) -> tuple[Tensor, dict[str, float]]:
        """Return the loss at the image and set its gradient.

        L-BFGS asks again for the point its line search ended on; the last few answers are kept for that.
        """
        image = self.state.image
        if self.recipe.optimizer == "lbfgs":
            for point, loss, gradient, parts in self._recent:
                if torch.equal(point, image):
                    image.grad = gradient.clone()
                    return loss, parts
        image.grad = None
        total, parts = objective(image, gains)
        total.backward()  # type: ignore[no-untyped-call]
        loss = total.detach()
        if self.recipe.optimizer == "lbfgs" and image.grad is not None:
            self._recent.append((image.detach().clone(), loss, image.grad.clone(), parts))
        return loss, parts

    def _seconds_left(self) -> float:
        """Return an estimate from the multiply-adds done since the start and those left."""
        done = self._macs_until(self.state.scale, self.state.step) - self._macs_before_start()
        left = self._macs_until(len(self.plan.scales) - 1, self.plan.scales[-1].steps)
        left -= self._macs_until(self.state.scale, self.state.step)
        return (time.monotonic() - self._started) * left / max(done, 1)

    def _macs_until(self, scale: int, step: int) -> int:
        full = sum(s.macs * s.steps for s in self.plan.scales[:scale])
        return full + self.plan.scales[scale].macs * step

    def _macs_before_start(self) -> int:
        total, scale = self._first_total, 0
        while scale < len(self.plan.scales) - 1 and total >= self.plan.scales[scale].steps:
            total -= self.plan.scales[scale].steps
            scale += 1
        return self._macs_until(scale, total)
