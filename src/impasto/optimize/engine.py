"""Engine: a generator of events that paints one image, scale by scale and step by step."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from impasto.encoders import release_memory, tune_process
from impasto.guidance import Result, content_factor
from impasto.imaging import fit, resize
from impasto.imaging.framing import on_sheet
from impasto.imaging.print_sizes import box_of
from impasto.imaging.row_bands import clamp_rows_
from impasto.imaging.scratch import large_copy
from impasto.optimize.balance import improvements, next_sigmas
from impasto.optimize.changes import changed_job
from impasto.optimize.checkpoint import Checkpoint, SaveTimer, restore, write_checkpoint
from impasto.optimize.context import RunContext
from impasto.optimize.control import next_gain, target_distance
from impasto.optimize.ema import EMA
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
from impasto.optimize.memory import ScalePlan
from impasto.optimize.mixing import style_gains, style_losses
from impasto.optimize.objective import Objective
from impasto.optimize.optimizers.base import Evaluation
from impasto.optimize.state import RunState, full_picture, learning_rate, make_optimizer, next_scale
from impasto.optimize.views import View, view_of_step


@dataclass(frozen=True)
class _ScaleObjectives:
    """What the steps of a scale need: the styles' weights, the objective of every view, and initial style losses.

    ``initial_losses`` is empty unless the run balances its styles. ``start_distance`` is the content distance of the
    one-pass picture that the run starts from, None for other starts.
    """

    style_weights: Sequence[float]
    objectives: Mapping[View, Objective]
    initial_losses: Sequence[float]
    start_distance: float | None


class Painter:
    """One run of one job.

    `events` paints. `picture` and `preview` return the current picture at any time between two events.
    ``preview_every`` emits a `Preview` after that many steps (0: never). With ``checkpoint_path``, the state is written
    every ``checkpoint_seconds``, less often where that takes long, and when the generator is closed early.
    ``resume_from`` continues from a checkpoint.
    """

    def __init__(
        self,
        job: Job,
        *,
        preview_every: int = 0,
        checkpoint_path: Path | None = None,
        checkpoint_seconds: float = 5.0,
        resume_from: Checkpoint | None = None,
    ) -> None:
        self.job = job
        self.plan = job.plan
        self.recipe = job.plan.recipe
        self.device = torch.device(job.plan.device)
        self.preview_every = preview_every
        self.checkpoint_path = checkpoint_path
        self._save_timer = SaveTimer(checkpoint_seconds)
        self.context = RunContext(job, self.device)
        self.state, self.guard = (
            restore(resume_from, job.digests, self.device) if resume_from else self._initial_state()
        )
        self._restore_content = job.make_finish()
        self._objectives_changed = False
        self._started = time.monotonic()
        self._first_total = self.state.steps_done

    def _initial_state(self) -> tuple[RunState, DivergenceGuard]:
        recipe, scale = self.recipe, self.plan.scales[0]
        generator = torch.Generator().manual_seed(recipe.seed)
        image = self.context.initial_image((scale.height, scale.width), generator)
        image = large_copy(image).to(self.device).requires_grad_(True)
        state = RunState(image, make_optimizer(recipe, image), EMA(recipe.ema_decay), generator)
        state.content_gain = content_factor(recipe.strength)
        state.sigmas = self.context.initial_sigmas()
        return state, DivergenceGuard()

    def picture(self) -> Tensor:
        """Return the current picture (1,3,H,W) in [0,1] at the size of the output, enlarged like a next scale."""
        size = self.plan.height, self.plan.width
        return self._restore_content(full_picture(self.state, self.recipe, size))

    def preview(self, longest: int | None = None) -> Tensor:
        """Return the current picture (1,3,h,w) in [0,1] at the size of the scale, or with sides up to ``longest``."""
        picture = self.state.picture()
        if longest is not None and max(picture.shape[2:]) > longest:
            picture = resize(picture, fit(picture.shape[2], picture.shape[3], longest))
        return self._restore_content(picture.cpu())

    def change(self, *, strength: float | None = None, mix: Sequence[float] | None = None) -> None:
        """Continue with another strength or mix from the next step; None means unchanged.

        Call it between two events. The result then has the changed recipe, and its provenance lists the steps of all
        changes. Raises `RecipeError`, without any change, for what `Recipe` or the number of styles does not allow.
        """
        job, record = changed_job(self.job, self.state.steps_done, strength, mix)
        if not record:
            return
        before, after = (content_factor(recipe.strength) for recipe in (self.recipe, job.plan.recipe))
        self.state.content_gain *= after / before
        self.state.changes.append(record)
        self.job, self.plan, self.recipe = job, job.plan, job.plan.recipe
        self.context = RunContext(job, self.device)
        self.state.optimizer.objective_changed()
        # Losses before and after the change are not comparable, and a recovery must not restore the old gain.
        self.guard.start_scale(self.state)
        self._objectives_changed = True

    def save_checkpoint(self, path: Path) -> None:
        """Write the state of the run to ``path``."""
        job = self.job
        inputs = job.first_recipe, job.digests, job.input_names
        with self._save_timer.saving():
            write_checkpoint(path, self.recipe, *inputs, self.state, self.guard)

    def events(self) -> Generator[Event, None, None]:
        """Paint and yield events; raises `DivergedError` if the optimisation keeps diverging."""
        tune_process()
        yield Started(self.plan, self.state.steps_done)
        try:
            if self.state.sigmas is None:
                yield from self._calibrate()
            while True:
                yield from self._paint_scale()
                if self.state.scale + 1 >= len(self.plan.scales):
                    break
                scale = self.plan.scales[self.state.scale + 1]
                next_scale(self.state, self.recipe, (scale.height, scale.width))
            if self.checkpoint_path:
                self.save_checkpoint(self.checkpoint_path)
        except GeneratorExit:
            if self.checkpoint_path:
                self.save_checkpoint(self.checkpoint_path)
            raise
        yield Finished(self.result())

    def result(self) -> Result:
        """Return the current picture as a result."""
        improved = self.context.improvements(self.plan.scales[self.state.scale], self.state.picture())
        provenance = {"recipe": self.recipe.to_json(), **self.job.input_names}
        if self.state.changes:
            provenance["changes"] = list(self.state.changes)
        if improved:
            provenance |= {"sigmas": list(self.state.sigmas or ()), "improvements": list(improved)}
        pixels, alpha = on_sheet(self.picture(), self.job.alpha, box_of(self.recipe.canvas))
        return Result(
            pixels,
            alpha,
            time.monotonic() - self._started,
            provenance,
            tuple(self.state.losses),
            (self.state.sigmas or ()) if improved else (),
            improved,
            self.recipe.dpi,
        )

    def _calibrate(self) -> Iterator[Event]:
        """Find the factors on the styles' losses in a calibration run."""
        calibration = Painter(self.context.calibration_job())
        for event in calibration.events():
            if isinstance(event, Stepped):
                yield Balancing(event.total, calibration.plan.steps, calibration.state.sigmas or ())
        self.state.sigmas = calibration.state.sigmas

    def _paint_scale(self) -> Iterator[Event]:
        state, scale = self.state, self.plan.scales[self.state.scale]
        started = time.monotonic()
        yield ScaleStarted(state.scale, scale)
        views = self.context.views(scale)
        current = self._build_objectives(scale, views)
        release_memory()
        self._objectives_changed = False
        if state.step == 0:
            self.guard.start_scale(state)
        while state.step < scale.steps:
            if self._objectives_changed:
                current = self._build_objectives(scale, views)
                self._objectives_changed = False
            view = views[view_of_step(len(views), self.recipe.seed, state.step)]
            loss, terms = self._step(
                current.objectives[view], scale.steps, self._term_gains(current.style_weights)
            )
            if not self.guard.accepts(state, loss):
                message = self.guard.restore(state, loss)
                yield Recovered(
                    message, state.steps_done, self.recipe.learning_rate * state.learning_rate_factor
                )
                continue
            state.losses.append(loss)
            if state.base_image is None:
                self._adapt_factors(terms, scale.steps, current)
            self.guard.after_step(state)
            yield Stepped(state.scale, state.step, state.steps_done, loss, terms, self._seconds_left())
            if self.preview_every and state.steps_done % self.preview_every == 0:
                yield Preview(self.preview(), state.steps_done)
            if self.checkpoint_path and self._save_timer.due:
                self.save_checkpoint(self.checkpoint_path)
        yield ScaleDone(state.scale, scale, time.monotonic() - started)

    def _build_objectives(self, scale: ScalePlan, views: Sequence[View]) -> _ScaleObjectives:
        """Measure the images at ``scale`` and return the objectives of its steps."""
        weights = self.context.style_weights(self.state.scale)
        inputs = self.context.scale_inputs(scale, weights, self.state.generator, self.state.base_image)
        objectives = self.context.objectives(inputs, views)
        balances = self.context.balances_during_run
        return _ScaleObjectives(
            weights,
            objectives,
            self.context.initial_losses(scale) if balances else (),
            self.context.start_distance(inputs, objectives[views[0]]),
        )

    def _term_gains(self, style_weights: Sequence[float]) -> dict[str, float]:
        """Return the factors on the terms of content and styles."""
        gains = {"content": self.state.content_gain}
        if self.recipe.blend == "losses" and style_weights:
            gains |= style_gains(style_weights, self.state.sigmas or (1.0,) * len(style_weights))
        return gains

    def _adapt_factors(self, terms: Mapping[str, float], steps: int, current: _ScaleObjectives) -> None:
        """Adapt the factors on content and styles after a step."""
        state, initial_losses = self.state, current.initial_losses
        if initial_losses and state.sigmas:
            count = len(state.sigmas)
            # At even weights each term holds 1/count * sigma; divide both out.
            losses = (
                loss * count / sigma
                for loss, sigma in zip(style_losses(terms, count), state.sigmas, strict=True)
            )
            improved = improvements(initial_losses, tuple(losses))
            state.sigmas = next_sigmas(state.sigmas, improved, state.step, steps)
        target = target_distance(self.recipe, current.start_distance, self.job.first_recipe.strength)
        state.content_gain = next_gain(self.recipe, state.content_gain, terms, state.step, steps, target)

    def _step(
        self, objective: Objective, steps: int, term_gains: Mapping[str, float]
    ) -> tuple[float, dict[str, float]]:
        """Take one optimiser step; return the loss before it and its terms."""
        state = self.state

        def evaluate() -> Evaluation:
            return objective.evaluate(state.image, term_gains)

        rate = learning_rate(self.recipe, state.scale, state.step, steps) * state.learning_rate_factor
        loss, terms = state.optimizer.step(evaluate, rate)
        with torch.no_grad():
            if self.recipe.clamp:
                clamp_rows_(state.image)
            state.ema.update(state.image)
        state.step += 1
        state.steps_done += 1
        return float(loss), terms

    def _seconds_left(self) -> float:
        """Return an estimate from the multiply-adds done since the start and those left."""
        done = self._macs_until(self.state.scale, self.state.step) - self._macs_before_start()
        left = self._macs_until(len(self.plan.scales) - 1, self.plan.scales[-1].steps)
        left -= self._macs_until(self.state.scale, self.state.step)
        return (time.monotonic() - self._started) * left / max(done, 1)

    def _macs_until(self, scale: int, step: int) -> int:
        full = sum(s.macs_per_pass * s.steps for s in self.plan.scales[:scale])
        return full + self.plan.scales[scale].macs_per_pass * step

    def _macs_before_start(self) -> int:
        total, scale = self._first_total, 0
        while scale < len(self.plan.scales) - 1 and total >= self.plan.scales[scale].steps:
            total -= self.plan.scales[scale].steps
            scale += 1
        return self._macs_until(scale, total)
