"""``impasto train``: train a network that paints in one or a few styles in one pass."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import note, say, tell
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.options import as_words
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import CHECKPOINT_SECONDS, Silent, reporter
from impasto.errors import DivergedError, MissingExtraError, RecipeError
from impasto.feedforward.style_settings import StyleSettings

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.feedforward.model_card import StyleRecord
    from impasto.feedforward.tasks.given_styles import StyleTraining
    from impasto.training.curves import Board
    from impasto.training.outputs import Outputs

app = typer.Typer(add_completion=False)
LEAST_PHOTOS = 8
EVERY = 10


@dataclass(frozen=True)
class Job:
    """What is asked for, checked as far as no photograph has to be read."""

    styles: list[Path]
    records: list[StyleRecord]
    paintings: list[Tensor]
    photos: Path
    outputs: Outputs
    settings: StyleSettings
    begin: Path | None
    weights: Path | None
    given: dict[str, Any]
    accept: bool = False


@dataclass(frozen=True)
class Run:
    """A training, what it can be resumed with, and a photograph `(1, 3, H, W)` that it does not see."""

    training: StyleTraining
    origin: dict[str, str]
    held_out: Tensor
    job: Job


@app.command("train")
@takes_settings(StyleSettings)
def train(
    styles: Annotated[list[Path], typer.Argument(metavar="STYLE...", help="Paintings.", show_default=False)],
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photographs.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="File to write (.safetensors).", show_default=False),
    ],
    begin: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Network to begin with: for any style, or one trained before.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of the encoder; else its own.", show_default=False),
    ] = None,
    title: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Title of a painting, once for each.")
    ] = None,
    credit: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Painter and museum, once for each.")
    ] = None,
    licence: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Licence of the picture, once for each.")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write TensorBoard events there.", show_default=False)
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the network even if a check finds blobs or lattices.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint beside --out.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train a network that paints in one or a few styles in one pass.

    Every 16th photograph is held out. Ctrl-C writes the network so far and a checkpoint; a second one stops at once.
    """
    settings = StyleSettings.make(given)
    job = _plan(styles, (title or [], credit or [], licence or []), photos, out, settings, begin, weights)
    _go(replace(job, given=given, accept=accept), tensorboard, resume, quiet)


def _plan(
    styles: list[Path],
    words: tuple[list[str], list[str], list[str]],
    photos: Path,
    out: Path,
    settings: StyleSettings,
    begin: Path | None,
    weights: Path | None,
) -> Job:
    from impasto.feedforward.model_card import describe
    from impasto.imaging import read_picture
    from impasto.training.outputs import Outputs

    if begin is not None and settings.start == "nothing":
        raise RecipeError(
            "--from names a network to begin with, but --start nothing uses none; leave one out."
        )
    outputs = Outputs(out)
    outputs.check()
    paintings = [read_picture(path).pixels for path in styles]
    return Job(styles, describe(styles, *words), paintings, photos, outputs, settings, begin, weights, {})


def _go(job: Job, tensorboard: Path | None, resume: bool, quiet: bool) -> None:
    """Train, check and write; after a signal write what there is and a checkpoint."""
    from impasto.training import checkpoint
    from impasto.training.curves import Board

    outputs = job.outputs
    if resume and not outputs.checkpoint.is_file():
        raise RecipeError(f"There is no checkpoint '{outputs.checkpoint}' to go on from; leave --resume out.")
    with Stop(quiet) as stop, Board(tensorboard) as board, reporter(quiet) as report:
        run = _open(job, report, stop)
        training = run.training
        if resume:
            checkpoint.resume(outputs.checkpoint, training.kind, training, run.origin)
            if not quiet:
                tell(f"going on after step {training.learner.step}")
        _train(run, report, board, stop)
        done = training.learner.step
        if stop.number and done < job.settings.steps:
            _save(run)
            _finish(run, quiet)
            if not quiet:
                tell(f"Stopped after step {done}; go on with the same command and --resume.")
            raise Interrupted(stop.number)
        _finish(run, quiet)
    outputs.checkpoint.unlink(missing_ok=True)
    if not quiet:
        say(str(outputs.model))


def _open(job: Job, report: Silent, stop: Stop) -> Run:
    """Read the photographs, measure the paintings, and put the run at its start."""
    from impasto.encoders import best_precision, open_device, open_encoder, prepare, tune_process
    from impasto.feedforward.catalogue import find_model
    from impasto.feedforward.initial_weights import begin_with
    from impasto.feedforward.tasks.given_styles import JohnsonTraining, LeanTraining
    from impasto.feedforward.weights import identity
    from impasto.training.crops import read_folder

    settings = job.settings
    photographs = read_folder(job.photos, least=LEAST_PHOTOS)
    device = open_device("cpu")
    precision = best_precision(device)
    encoder = prepare(open_encoder(settings.encoder, weights=job.weights), device, precision)
    begin = None
    if settings.start == "any":
        begin = begin_with(job.begin, prepare(open_encoder("compact"), device, precision))
    tune_process()

    def seen(done: int, total: int) -> None:
        report.count("measuring paintings", done, total)
        stop.check()

    training: StyleTraining
    if settings.preset == "johnson":
        training = JohnsonTraining(encoder, photographs.train, job.paintings, settings)
    else:
        training = LeanTraining(encoder, photographs.train, job.paintings, settings, begin, seen)
    origin = {
        "photos": job.photos.resolve().name,
        "photographs": str(len(photographs.train)),
        "styles": " ".join(record.sha256 for record in job.records),
        "began_with": "random weights" if begin is None else identity(job.begin or find_model("any")),
    }
    return Run(training, origin, photographs.held_out[0][None].float() / 255, job)


def _save(run: Run) -> None:
    from impasto.training.checkpoint import write_checkpoint

    training, job = run.training, run.job
    words = job.settings.model_dump_json()
    write_checkpoint(job.outputs.checkpoint, training.kind, words, run.origin, training.state())


def _train(run: Run, report: Silent, board: Board, stop: Stop) -> None:
    """Train to the end or to a signal, with previews and checkpoints on the way."""
    training, every = run.training, run.job.settings.previews_every
    saved = time.monotonic()
    shown = training.learner.step // every if every else 0
    for line in training.run(EVERY):
        training.history.append((line.step, line.figures))
        report.trained(line)
        board.add(line.step, line.figures)
        if every and line.step // every > shown:
            shown = line.step // every
            _preview(run)
        if stop.number:
            return
        if time.monotonic() - saved >= CHECKPOINT_SECONDS:
            _save(run)
            saved = time.monotonic()


def _card(run: Run) -> dict[str, Any]:
    from impasto.feedforward.model_card import make_card

    training, job = run.training, run.job
    figures = training.history[-1][1] if training.history else {}
    origin = {name: value for name, value in run.origin.items() if name != "styles"}
    card = make_card(training.kind, job.outputs.model.stem, job.settings, job.records, figures, origin)
    return {**card, "steps_done": training.learner.step}


def _preview(run: Run) -> None:
    from impasto.feedforward.initial_weights import preview
    from impasto.imaging import write_picture

    write_picture(run.job.outputs.preview, preview(_card(run), run.training.weights(), run.held_out))


def _finish(run: Run, quiet: bool) -> None:
    """Check the network; write it with its card and curve, or as rejected, with a checkpoint, and raise.

    What was accepted all the same says in its card what was found; values that are not finite are never accepted.
    """
    from impasto.feedforward.model_card import write_page, write_styles
    from impasto.training.curves import plot_curve

    outputs, weights = run.job.outputs, run.training.weights()
    found = _faults(run, _card(run))
    card = {**_card(run), "faults": found}
    if found and not (run.job.accept and not any("not finite" in fault for fault in found)):
        _save(run)
        write_styles(outputs.rejected, weights, card)
        raise DivergedError(
            f"The network did not pass its checks: {found[0]}. It is kept as '{outputs.rejected}'; train longer, with"
            " another --seed, or give --accept."
        )
    for fault in found:
        note(f"Accepted all the same: {fault}.")
    write_styles(outputs.model, weights, card)
    outputs.rejected.unlink(missing_ok=True)
    write_page(outputs.page, card, _command(run.job))
    if run.job.settings.previews_every:
        _preview(run)
    if not plot_curve(outputs.curve, run.training.history) and not quiet:
        note(str(MissingExtraError("The curve was not drawn: it", "lab")))


def _faults(run: Run, card: dict[str, Any]) -> list[str]:
    from impasto.feedforward.artifact_checks import SIZES, faults
    from impasto.feedforward.initial_weights import painters
    from impasto.training.crops import centre_crops

    photograph = centre_crops([(run.held_out[0] * 255).byte()], SIZES[0])
    found = []
    for paint, record in zip(painters(card, run.training.weights()), run.job.records, strict=True):
        found += [f"in the style {record.name}, {fault}" for fault in faults(paint, photograph)]
    return found


def _command(job: Job) -> str:
    """Return the command line that trains this network again, with names of files but not where they lay."""
    words = ["impasto", "train", *(path.name for path in job.styles), "--photos", job.photos.resolve().name]
    words += ["--out", job.outputs.model.name]
    for flag, path in (("--from", job.begin), ("--weights", job.weights)):
        words += [flag, path.name] if path else []
    words += [part for word in as_words(job.given) for part in word.split("=", 1)]
    words += ["--accept"] if job.accept else []
    return shlex.join(words)
