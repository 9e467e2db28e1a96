"""``impasto train``: train a network that paints in one or a few styles in one pass."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import note, say
from impasto.cli.interrupt import Stop
from impasto.cli.options import as_words
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import TrainingReport, training_report
from impasto.cli.training_session import TrainingSession, require_checkpoint
from impasto.errors import DivergedError, MissingExtraError, RecipeError
from impasto.feedforward.style_settings import GivenStyleSettings

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.feedforward.model_card import StyleRecord
    from impasto.feedforward.style_outputs import StyleOutputs
    from impasto.feedforward.tasks.given_styles import GivenStylesTask
    from impasto.feedforward.tasks.johnson import JohnsonTask
    from impasto.training.events import Logged

app = typer.Typer(add_completion=False)
LEAST_PHOTOS = 8


@dataclass(frozen=True)
class TrainingRequest:
    """The command's arguments, checked before any photograph is read."""

    styles: list[Path]
    records: list[StyleRecord]
    style_images: list[Tensor]
    photos: Path
    outputs: StyleOutputs
    settings: GivenStyleSettings
    initial: Path | None
    weights: Path | None
    given: dict[str, Any]
    accept: bool


@app.command("train")
@takes_settings(GivenStyleSettings)
def train(
    styles: Annotated[
        list[Path], typer.Argument(metavar="STYLE...", help="Style images.", show_default=False)
    ],
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photographs.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="File to write (.safetensors).", show_default=False),
    ],
    initial: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Network to start from: for any style, or one trained before.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of the encoder; else its own.", show_default=False),
    ] = None,
    title: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Title of a style image, once for each.")
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
        bool, typer.Option("--accept", help="Write the network even if a check finds blobs or checkerboards.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume from the checkpoint beside --out.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train a network that paints in one or a few styles in one pass.

    Every 16th photograph is held out. Ctrl-C writes the network so far and a checkpoint; a second one stops at once.
    """
    settings = GivenStyleSettings.make(given)
    descriptions = (title or [], credit or [], licence or [])
    request = _check(styles, descriptions, photos, out, settings, initial, weights, given, accept)
    _run(request, tensorboard, resume, quiet)


def _check(
    styles: list[Path],
    descriptions: tuple[list[str], list[str], list[str]],
    photos: Path,
    out: Path,
    settings: GivenStyleSettings,
    initial: Path | None,
    weights: Path | None,
    given: dict[str, Any],
    accept: bool,
) -> TrainingRequest:
    from impasto.feedforward.model_card import describe
    from impasto.feedforward.style_outputs import StyleOutputs
    from impasto.imaging import read_picture

    if initial is not None and settings.start == "random":
        raise RecipeError(
            "--from names a network to start from, but --start random uses none; leave one out."
        )
    outputs = StyleOutputs(out)
    outputs.check()
    images = [read_picture(path).pixels for path in styles]
    records = describe(styles, *descriptions)
    return TrainingRequest(
        styles, records, images, photos, outputs, settings, initial, weights, given, accept
    )


def _run(request: TrainingRequest, tensorboard: Path | None, resume: bool, quiet: bool) -> None:
    """Train, check and write; after a signal write the network so far and a checkpoint."""
    from impasto.training.checkpoint import check_origin, read_checkpoint
    from impasto.training.curves import TensorBoardLog

    outputs = request.outputs
    if resume:
        require_checkpoint(outputs.checkpoint)
    with Stop(quiet) as stop, TensorBoardLog(tensorboard) as log, training_report(quiet) as report:
        run = StyleTrainingRun.open(request, report, stop, quiet)
        session = run.session
        session.log = log
        session.on_logged = run.logged
        if resume:
            saved = read_checkpoint(outputs.checkpoint, session.trainer.task.kind)
            sentence = (
                "The checkpoint was trained on other pictures, or started from another network; give the same, or"
                " start afresh."
            )
            check_origin(saved, session.origin, dict.fromkeys(session.origin, sentence))
            session.resume(saved)
        finished = session.train()
        if not finished:
            session.save()
        if session.is_main:
            run.finish()
        if not finished:
            session.interrupt()
    if session.is_main:
        outputs.checkpoint.unlink(missing_ok=True)
        if not quiet:
            say(str(outputs.model))


@dataclass
class StyleTrainingRun:
    """A training with a photograph `(1, 3, H, W)` that it does not see, for previews and checks."""

    session: TrainingSession
    held_out: Tensor
    request: TrainingRequest
    next_preview: int = 0

    @classmethod
    def open(
        cls, request: TrainingRequest, report: TrainingReport, stop: Stop, quiet: bool
    ) -> StyleTrainingRun:
        """Read the photographs, measure the style images and set the initial weights."""
        from impasto.feedforward.catalogue import find_model
        from impasto.feedforward.weights import identity
        from impasto.training.crops import read_folder
        from impasto.training.trainer import Trainer

        photographs = read_folder(request.photos, least=LEAST_PHOTOS)
        task = _open_task(request, photographs.train, report, stop)
        started_from = "random weights"
        if request.settings.start == "any":
            started_from = identity(request.initial or find_model("any"))
        origin = {
            "photos": request.photos.resolve().name,
            "photographs": str(len(photographs.train)),
            "styles": " ".join(record.sha256 for record in request.records),
            "started_from": started_from,
        }
        session = TrainingSession(Trainer(task), origin, request.outputs.checkpoint, stop, report, quiet)
        return cls(session, photographs.held_out[0][None].float() / 255, request)

    def logged(self, event: Logged) -> None:
        """Write a preview every `previews_every` steps."""
        every = self.request.settings.previews_every
        if every and event.step >= self.next_preview:
            if self.next_preview:
                self.preview()
            self.next_preview = (event.step // every + 1) * every

    def preview(self) -> None:
        """Paint the held-out photograph with the weights as they are now."""
        from impasto.feedforward.initial_weights import preview
        from impasto.imaging import write_picture

        pixels = preview(self.card(), self.session.trainer.task.weights(), self.held_out)
        write_picture(self.request.outputs.preview, pixels)

    def card(self) -> dict[str, Any]:
        """Return the card of the network as it is now."""
        from impasto.feedforward.model_card import make_card

        trainer, request = self.session.trainer, self.request
        figures = trainer.history[-1][1] if trainer.history else {}
        origin = {name: value for name, value in self.session.origin.items() if name != "styles"}
        name = request.outputs.model.stem
        card = make_card(trainer.task.kind, name, request.settings, request.records, figures, origin)
        return {**card, "steps_done": trainer.step}

    def faults(self) -> list[str]:
        """Return what the checks find in each style."""
        from impasto.feedforward.artifact_checks import SIZES, faults
        from impasto.feedforward.initial_weights import painters
        from impasto.training.crops import centre_crops

        photograph = centre_crops([(self.held_out[0] * 255).byte()], SIZES[0])
        paint_functions = painters(self.card(), self.session.trainer.task.weights())
        return [
            f"in the style {record.name}, {fault}"
            for paint, record in zip(paint_functions, self.request.records, strict=True)
            for fault in faults(paint, photograph)
        ]

    def finish(self) -> None:
        """Check the network and write it with its card and curve.

        A network that fails its checks is kept as rejected and DivergedError is raised, unless the user accepts it: its
        card then lists the faults. Values that are not finite are never accepted.
        """
        from impasto.feedforward.model_card import write_page, write_styles
        from impasto.training.curves import plot_history

        request, outputs = self.request, self.request.outputs
        weights = self.session.trainer.task.weights()
        faults = self.faults()
        card = {**self.card(), "faults": faults}
        if faults and not (request.accept and not any("not finite" in fault for fault in faults)):
            self.session.save()
            write_styles(outputs.rejected, weights, card)
            raise DivergedError(
                f"The network did not pass its checks: {faults[0]}. It is kept as '{outputs.rejected}'; train longer,"
                " with another --seed, or give --accept."
            )
        for fault in faults:
            note(f"Accepted with a fault: {fault}.")
        write_styles(outputs.model, weights, card)
        outputs.rejected.unlink(missing_ok=True)
        write_page(outputs.card, card, _command(request))
        if request.settings.previews_every:
            self.preview()
        if not plot_history(outputs.curve, self.session.trainer.history) and not self.session.quiet:
            note(str(MissingExtraError("The curve was not drawn: it", "lab")))


def _open_task(
    request: TrainingRequest, photographs: Any, report: TrainingReport, stop: Stop
) -> GivenStylesTask | JohnsonTask:
    from impasto.encoders import open_encoder, prepare, tune_process
    from impasto.feedforward.initial_weights import initialiser_from
    from impasto.feedforward.tasks.given_styles import GivenStylesTask
    from impasto.feedforward.tasks.johnson import JohnsonTask
    from impasto.training.device import ComputeDevice
    from impasto.training.distributed import DataParallel

    settings = request.settings
    compute = ComputeDevice.open(settings.device, settings.precision)
    parallel = DataParallel.from_environment(compute.device)
    device, precision = compute.device, compute.precision
    encoder = prepare(open_encoder(settings.encoder, weights=request.weights), device, precision)
    initialiser = None
    if settings.start == "any":
        compact = prepare(open_encoder("compact"), device, precision)
        initialiser = initialiser_from(request.initial, compact)
    tune_process()

    def progress(done: int, total: int) -> None:
        if parallel.is_main:
            report.counted("measuring style images", done, total)
        stop.check()

    if settings.preset == "johnson":
        return JohnsonTask(encoder, photographs, request.style_images, settings, compute, parallel)
    return GivenStylesTask(
        encoder,
        photographs,
        request.style_images,
        settings,
        compute,
        parallel,
        initialiser=initialiser,
        on_progress=progress,
    )


def _command(request: TrainingRequest) -> str:
    """Return the command line that trains this network again, with file names but no folders."""
    words = ["impasto", "train", *(path.name for path in request.styles)]
    words += ["--photos", request.photos.resolve().name, "--out", request.outputs.model.name]
    for flag, path in (("--from", request.initial), ("--weights", request.weights)):
        words += [flag, path.name] if path else []
    words += [part for word in as_words(request.given) for part in word.split("=", 1)]
    words += ["--accept"] if request.accept else []
    return shlex.join(words)
