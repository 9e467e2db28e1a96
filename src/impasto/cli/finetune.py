"""``impasto finetune``: train an encoder further on a folder of class folders."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import duration, note, say, tell
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import Silent, reporter
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.errors import MissingExtraError, RecipeError

if TYPE_CHECKING:
    from impasto.encoder_training.finetune.checkpoint import FinetuneCheckpoint, Origin
    from impasto.encoder_training.finetune.class_folders import ClassPictures
    from impasto.encoder_training.finetune.outputs import FinetuneOutputs
    from impasto.encoder_training.finetune.task import FineTuning

app = typer.Typer(add_completion=False)

MOST_NAMES = 10
METAVARS = {"encoder": "NAME", "freeze_to": "BLOCK", "device": "NAME"}


@app.command("finetune")
@takes_settings(FinetuneSettings, METAVARS)
def finetune(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA", help="Folder with a folder of pictures for each class.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="File to write (.safetensors).", show_default=False),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weights to begin with; else the encoder's own.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Go on from this checkpoint, with its settings.", show_default=False
        ),
    ] = None,
    checkpoint_seconds: Annotated[float, typer.Option(hidden=True, min=0)] = 60.0,
    make_data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Paint a data set of 20 classes there instead.", show_default=False),
    ] = None,
    per_class: Annotated[int, typer.Option(help="With --make-data: pictures of each class.")] = 100,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Fine-tune an encoder on your own pictures, one folder for each class.

    Ctrl-C keeps the best so far and a checkpoint to go on from; a second one stops at once.
    """
    if make_data is not None:
        _paint(make_data, per_class, given, data, quiet)
        return
    with Stop(quiet) as stop:
        plan = _plan(data, out, weights, resume, given)
        with reporter(quiet) as report:
            run, origin = _open(plan, report, stop)
            if not quiet:
                _introduce(run)
            stop.check()
            seconds = _train(run, origin, plan, report, stop, checkpoint_seconds)
        _finish(run, origin, plan, stop, seconds, quiet)


@dataclass(frozen=True)
class FinetunePlan:
    """What is asked for, checked as far as nothing has to be read: settings, folder, parent, outputs."""

    settings: FinetuneSettings
    data: Path
    weights: Path | None
    outputs: FinetuneOutputs
    resume: FinetuneCheckpoint | None


def _plan(
    data: Path | None, out: Path | None, weights: Path | None, resume: Path | None, given: dict[str, Any]
) -> FinetunePlan:
    from impasto.encoder_training.finetune.checkpoint import read_checkpoint, same_settings
    from impasto.encoder_training.finetune.outputs import FinetuneOutputs, free_outputs

    if resume is None:
        settings = FinetuneSettings.make(given)
        if data is None:
            raise RecipeError(
                "No folder was given; name a folder of class folders, or --make-data DIR to paint one."
            )
        stem = f"{data.resolve().name}-{Path(settings.encoder).stem}"
        outputs = FinetuneOutputs(out) if out else free_outputs(Path(f"{stem}.safetensors"))
        outputs.check()
        return FinetunePlan(settings, data, weights, outputs, None)
    found = read_checkpoint(resume)
    same_settings(found, given)
    theirs = Path(found.origin.out)
    outputs = FinetuneOutputs(out or theirs)
    outputs.check(own=outputs.model.resolve() == theirs.resolve())
    parent = found.origin.weights
    return FinetunePlan(
        found.settings, data or Path(found.origin.data), weights or (Path(parent) if parent else None), outputs, found
    )  # fmt: skip


def _open(plan: FinetunePlan, report: Silent, stop: Stop) -> tuple[FineTuning, Origin]:
    """Open the parent, read the pictures, and put the run at its start or where the checkpoint stands."""
    from impasto.encoder_training.finetune.checkpoint import Origin, restore
    from impasto.encoder_training.finetune.class_folders import find_classes, read_classes
    from impasto.encoder_training.finetune.classifier import Classifier, trained_parameters
    from impasto.encoder_training.finetune.task import FineTuning
    from impasto.encoders import open_device, open_encoder, parent_sha256, prepare, tune_process

    settings = plan.settings
    found = find_classes(plan.data)
    device = open_device(settings.device)
    encoder = open_encoder(settings.encoder, weights=plan.weights)
    digest = parent_sha256(encoder, settings.encoder, plan.weights)
    trained_parameters(encoder, settings)  # says what is wrong before the pictures are read
    tune_process()

    def seen(done: int, total: int) -> None:
        report.count("reading", done, total)
        stop.check()

    pictures = read_classes(
        found, side=settings.side, limit=settings.memory * 1_000_000, share=settings.validation, seed=settings.seed,
        seen=seen,
    )  # fmt: skip
    model = Classifier(prepare(encoder, device, "float32"), len(pictures.classes))
    run = FineTuning(model, pictures, settings, device)
    weights = str(plan.weights.resolve()) if plan.weights else None
    origin = Origin(
        str(plan.data.resolve()), weights, str(plan.outputs.model.resolve()), pictures.digest, digest
    )
    if plan.resume is not None:
        restore(plan.resume, run, origin)
    return run, origin


def _introduce(run: FineTuning) -> None:
    """Say what is trained on what."""
    settings, pictures = run.settings, run.pictures
    tell(
        f"{len(pictures.classes)} classes, {len(pictures.train)} pictures to train on and "
        f"{len(pictures.held_out)} held out; {settings.encoder}, scope {settings.scope}, "
        f"{run.precision}, {run.steps} steps an epoch"
    )
    if pictures.ignored:
        note(f"{pictures.ignored} files that are no pictures in a class folder were ignored.")
    if run.done:
        tell(f"going on after step {run.done}")


def _train(
    run: FineTuning, origin: Origin, plan: FinetunePlan, report: Silent, stop: Stop, checkpoint_seconds: float
) -> float:
    """Train until the end or a signal, writing checkpoints on the way; return the seconds it took."""
    from impasto.encoder_training.finetune.checkpoint import write_checkpoint
    from impasto.encoder_training.finetune.task import StepDone

    start = saved = time.monotonic()
    for event in run.run():
        if isinstance(event, StepDone):
            report.stepped(event)
        else:
            report.measured(event)
        if not isinstance(event, StepDone) or time.monotonic() - saved >= checkpoint_seconds:
            write_checkpoint(plan.outputs.checkpoint, run, origin)
            saved = time.monotonic()
        if stop.number:
            break
    return time.monotonic() - start


def _finish(
    run: FineTuning, origin: Origin, plan: FinetunePlan, stop: Stop, seconds: float, quiet: bool
) -> None:
    """Write the results of the best epoch; after a signal also the checkpoint, and say how to go on."""
    from impasto.encoder_training.finetune.checkpoint import write_checkpoint
    from impasto.encoder_training.finetune.result import write_results

    outputs, best = plan.outputs, run.best
    plotted = best is None or write_results(run, best, outputs, origin.parent)
    if not quiet:
        _tell_skipped(run.pictures)
        if best is not None:
            tell(
                f"accuracy {best.line.validation_accuracy:.3f} on {len(run.pictures.held_out)} pictures held out "
                f"(chance {1 / len(run.pictures.classes):.3f}), epoch {best.line.epoch}, {duration(seconds)}"
            )
        if not plotted:
            note(str(MissingExtraError("Plotting was skipped: it", "lab")))
    if not run.finished:
        write_checkpoint(outputs.checkpoint, run, origin)
        what = (
            f"the best so far: {outputs.model}"
            if best
            else "no epoch was finished, so there is no result yet"
        )
        tell(f"Stopped after step {run.done}; {what}")
        words = ["impasto", "finetune", f"--resume={outputs.checkpoint}", *(["--quiet"] if quiet else [])]
        tell(f"go on with: {shlex.join(words)}")
        raise Interrupted(stop.number)
    outputs.checkpoint.unlink(missing_ok=True)
    if not quiet:
        say(str(outputs.model))


def _tell_skipped(pictures: ClassPictures) -> None:
    """Say which pictures could not be read."""
    skipped = pictures.skipped
    if not skipped:
        return
    tell(f"{len(skipped)} {'picture was' if len(skipped) == 1 else 'pictures were'} skipped:")
    for one in skipped[:MOST_NAMES]:
        tell(f"  {one.reason}" if str(one.path) in one.reason else f"  '{one.path}': {one.reason}")
    if len(skipped) > MOST_NAMES:
        tell(f"  and {len(skipped) - MOST_NAMES} more")


def _paint(folder: Path, per_class: int, given: dict[str, Any], data: Path | None, quiet: bool) -> None:
    """Paint the data set."""
    seed = given.pop("seed", 0)
    if given or data is not None:
        extra = f"--{next(iter(given)).replace('_', '-')}" if given else f"'{data}'"
        raise RecipeError(
            f"--make-data only paints pictures; leave {extra} out and train in a second command."
        )
    from impasto.encoder_training.finetune.painted import paint_folder

    with reporter(quiet) as report:
        count = paint_folder(
            folder, per_class, seed, lambda done, total: report.count("painting", done, total)
        )
    if not quiet:
        tell(f"{count} pictures painted")
        say(str(folder))
