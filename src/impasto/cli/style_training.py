"""A training for given styles from the command line: tasks, previews, checks and results."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.console import note
from impasto.cli.interrupt import Stop
from impasto.cli.options import as_arguments
from impasto.cli.training_progress import TrainingReport
from impasto.cli.training_session import TrainingSession
from impasto.errors import DivergedError, MissingExtraError
from impasto.feedforward.style_settings import GivenStyleSettings

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.feedforward.model_card import StyleRecord
    from impasto.feedforward.style_outputs import StyleOutputs
    from impasto.feedforward.tasks.given_styles import GivenStylesTask
    from impasto.feedforward.tasks.johnson import JohnsonTask
    from impasto.training.events import Logged

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
    words += [part for word in as_arguments(request.given) for part in word.split("=", 1)]
    words += ["--accept"] if request.accept else []
    return shlex.join(words)
