"""``impasto finetune``: train an encoder further on a folder of class folders."""

from __future__ import annotations

import shlex
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_note, print_result, print_status
from impasto.cli.interrupt import Stop
from impasto.cli.paint_data import check_only_paints, paint_classes
from impasto.cli.recurring import RecurringTimer
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import TrainingReport, training_report
from impasto.cli.training_session import TrainingSession, counting, open_compute
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.errors import MissingExtraError, RecipeError

if TYPE_CHECKING:
    from impasto.encoder_training.finetune.class_folders import ClassPictures
    from impasto.encoder_training.finetune.outputs import FinetuneOutputs
    from impasto.encoder_training.finetune.task import FinetuneTask
    from impasto.training.checkpoint import TrainingCheckpoint
    from impasto.training.device import ComputeDevice
    from impasto.training.distributed import DataParallel
    from impasto.training.events import Evaluated

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
            metavar="FILE", help="Weights to start from; else the encoder's own.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Resume from this checkpoint, with its settings.", show_default=False
        ),
    ] = None,
    checkpoint_seconds: Annotated[float, typer.Option(hidden=True, min=0)] = 60.0,
    make_data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Paint a data set of 20 classes there instead.", show_default=False),
    ] = None,
    per_class: Annotated[
        int | None,
        typer.Option(help="With --make-data: pictures of each class. [100]", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Fine-tune an encoder on your own pictures, one folder for each class.

    Ctrl-C keeps the best encoder so far and a checkpoint to resume from; a second one stops at once.
    """
    if make_data is not None:
        check_only_paints(data, {"out": out, "weights": weights, "resume": resume, **given})
        paint_classes(make_data, per_class, given.get("seed", 0), quiet)
        return
    if per_class is not None:
        raise RecipeError("--per-class is for --make-data; leave it out, or give --make-data DIR.")
    plan = _plan(data, out, weights, resume, given)
    compute, parallel = open_compute(plan.settings.device, plan.settings.precision)
    quiet = quiet or not parallel.is_main
    with Stop(quiet) as stop:
        with closing(training_report(quiet)) as report:
            session = _open(plan, compute, parallel, report, stop, quiet)
            session.saving = RecurringTimer(checkpoint_seconds)
            if not quiet:
                _introduce(session)
            stop.check()
            finished = session.train()
        _finish(session, plan, finished)


@dataclass(frozen=True)
class FinetunePlan:
    """Settings, folder, parent and outputs of a run, checked before any picture is read."""

    settings: FinetuneSettings
    data: Path
    weights: Path | None
    outputs: FinetuneOutputs
    resume: TrainingCheckpoint | None


def _plan(
    data: Path | None, out: Path | None, weights: Path | None, resume: Path | None, given: dict[str, Any]
) -> FinetunePlan:
    from impasto.encoder_training.finetune.outputs import FinetuneOutputs
    from impasto.training.checkpoint import check_settings, read_checkpoint

    if resume is None:
        settings = FinetuneSettings.make(given)
        if data is None:
            raise RecipeError(
                "No folder was given; name a folder of class folders, or --make-data DIR to paint one."
            )
        stem = f"{data.resolve().name}-{Path(settings.encoder).stem}"
        outputs = FinetuneOutputs(out) if out else FinetuneOutputs(Path(f"{stem}.safetensors")).numbered()
        outputs.check(overwrite=False)
        return FinetunePlan(settings, data, weights, outputs, None)
    saved = read_checkpoint(resume, "finetune")
    settings = FinetuneSettings.make({**saved.settings, **given})
    check_settings(saved, settings, advice="leave the option out to use the checkpoint's")
    theirs = Path(saved.origin["out"])
    outputs = FinetuneOutputs(out or theirs)
    outputs.check(overwrite=outputs.model.resolve() == theirs.resolve())
    parent = saved.origin["weights"]
    weights = weights or (Path(parent) if parent else None)
    return FinetunePlan(settings, data or Path(saved.origin["data"]), weights, outputs, saved)


def _open(
    plan: FinetunePlan,
    compute: ComputeDevice,
    parallel: DataParallel,
    report: TrainingReport,
    stop: Stop,
    quiet: bool,
) -> TrainingSession:
    """Open the parent, read the pictures, and start the run or resume it from its checkpoint."""
    from impasto.encoder_training.finetune.class_folders import find_classes, read_classes
    from impasto.encoder_training.finetune.classifier import open_parent, trained_parameters
    from impasto.encoder_training.finetune.task import FinetuneTask
    from impasto.encoders import tune_process
    from impasto.encoders.finetuned import parent_sha256
    from impasto.training.trainer import Trainer

    settings = plan.settings
    folders = find_classes(plan.data)
    model = open_parent(settings, plan.weights, len(folders.classes), compute.device)
    digest = parent_sha256(model.encoder, settings.encoder, plan.weights)
    trained_parameters(model, settings)  # reports a wrong block before the pictures are read
    tune_process()

    pictures = read_classes(
        folders,
        side=settings.side,
        limit=settings.memory * 1_000_000,
        share=settings.validation,
        seed=settings.seed,
        on_progress=counting("reading", report, stop),
    )
    task = FinetuneTask(model, pictures, settings, compute, parallel)
    origin = {
        "data": str(plan.data.resolve()),
        "weights": str(plan.weights.resolve()) if plan.weights else None,
        "out": str(plan.outputs.model.resolve()),
        "pictures": pictures.digest,
        "parent": digest,
    }
    session = TrainingSession(
        Trainer(task),
        origin,
        plan.outputs.checkpoint,
        stop,
        report,
        quiet,
        evaluation_lines=evaluation_lines,
    )
    if plan.resume is not None:
        _resume(session, plan.resume)
    return session


def _resume(session: TrainingSession, saved: TrainingCheckpoint) -> None:
    """Continue from a checkpoint if its pictures and parent weights are unchanged."""
    from impasto.training.checkpoint import check_origin

    sentences = {
        "pictures": f"The pictures in '{session.origin['data']}' are not those that {saved.path} was trained on; put "
        "them back or start afresh.",
        "parent": f"The weights are not those that {saved.path} started from; give the same --weights or start "
        "afresh.",
    }
    check_origin(saved, session.origin, sentences)
    session.resume(saved)


def _task(session: TrainingSession) -> FinetuneTask:
    from impasto.encoder_training.finetune.task import FinetuneTask

    task = session.trainer.task
    assert isinstance(task, FinetuneTask)
    return task


def _introduce(session: TrainingSession) -> None:
    """Print what is trained on which pictures."""
    task = _task(session)
    settings, pictures = task.settings, task.pictures
    head = "head fc, " if settings.head == "fc" else ""
    print_status(
        f"{len(pictures.classes)} classes, {len(pictures.train)} training pictures and "
        f"{len(pictures.held_out)} held out; {settings.encoder}, {head}scope {settings.scope}, "
        f"{task.compute.precision}, {task.steps_per_epoch} steps an epoch"
    )
    if pictures.ignored:
        print_note(f"{pictures.ignored} files that are not pictures in a class folder were ignored.")


def evaluation_lines(event: Evaluated) -> list[str]:
    """Return the figures of an epoch in one line."""
    figures = event.figures
    best = ", the best so far" if event.best else ""
    return [
        f"epoch {figures['epoch']:.0f}: loss {figures['train_loss']:.4f}, accuracy {figures['train_accuracy']:.3f}; "
        f"held out: loss {figures['validation_loss']:.4f}, accuracy {figures['validation_accuracy']:.3f}{best}"
    ]


def _finish(session: TrainingSession, plan: FinetunePlan, finished: bool) -> None:
    """Write the results of the best epoch; after a signal first the checkpoint, and say how to resume."""
    from impasto.encoder_training.finetune.result import write_results

    if not finished:
        session.save()
    task, outputs = _task(session), plan.outputs
    best, quiet = task.best, session.quiet
    plotted = True
    if best is not None and session.is_main:
        plotted = write_results(task, best, outputs, str(session.origin["parent"]), finished)
    if not quiet:
        _print_skipped(task.pictures)
        if best is not None:
            print_status(
                f"accuracy {best.line.validation_accuracy:.3f} on {len(task.pictures.held_out)} held-out pictures "
                f"(chance {1 / len(task.pictures.classes):.3f}), epoch {best.line.epoch}"
            )
        if not plotted:
            print_note(str(MissingExtraError("Plotting was skipped: it", "lab")))
    if not finished:
        result = (
            f"the best so far: {outputs.model}" if best else "no epoch is finished, so there is no result yet"
        )
        words = ["impasto", "finetune", f"--resume={outputs.checkpoint}", *(["--quiet"] if quiet else [])]
        session.interrupt(result, f"resume with: {shlex.join(words)}")
    if session.is_main:
        outputs.checkpoint.unlink(missing_ok=True)
    if not quiet:
        print_result(str(outputs.model))


def _print_skipped(pictures: ClassPictures) -> None:
    """Print which pictures could not be read."""
    if not (skipped := pictures.skipped):
        return
    print_status(f"{len(skipped)} {'picture was' if len(skipped) == 1 else 'pictures were'} skipped:")
    for one in skipped[:MOST_NAMES]:
        print_status(f"  {one.reason}" if str(one.path) in one.reason else f"  '{one.path}': {one.reason}")
    if len(skipped) > MOST_NAMES:
        print_status(f"  and {len(skipped) - MOST_NAMES} more")
