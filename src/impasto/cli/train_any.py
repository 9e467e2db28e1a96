"""``impasto train-any``: train the network that paints in any style in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_result
from impasto.cli.interrupt import Stop
from impasto.cli.training_options import OutOption, PhotosOption, PreviewsOption, takes_settings
from impasto.cli.training_progress import TrainingReport, is_first_process, training_report
from impasto.cli.training_session import (
    OTHER_DATA,
    TrainingSession,
    check_checkpoint,
    counting,
    open_compute,
    origin_of,
    read_pictures,
    write_learning_curve,
)
from impasto.feedforward.training_settings import AnyStyleSettings

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.encoders import Encoder
    from impasto.feedforward.outputs import OnePassOutputs
    from impasto.feedforward.tasks.any_style import AnyStyleTask
    from impasto.training.crops import PictureFolder

app = typer.Typer(add_completion=False)


@app.command("train-any")
@takes_settings(AnyStyleSettings)
def train_any(
    photos: PhotosOption,
    art: Annotated[Path, typer.Option(metavar="DIR", help="Folder of style images.", show_default=False)],
    out: OutOption,
    initial: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Network for any style to start from.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume from the checkpoint beside --out.")
    ] = False,
    previews: PreviewsOption = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train the network that paints in any style in one pass.

    Every 16th picture of both folders is held out, for previews. A learning curve is written beside the network. Ctrl-C
    writes a checkpoint; a second one stops at once.
    """
    from impasto.feedforward.outputs import OnePassOutputs

    settings = AnyStyleSettings.make(given)
    outputs = OnePassOutputs(out)
    outputs.check()
    check_checkpoint(outputs.checkpoint, resume)
    _train(photos, art, settings, initial, outputs, resume, previews, quiet)


def _train(
    photos: Path,
    art: Path,
    settings: AnyStyleSettings,
    initial: Path | None,
    outputs: OnePassOutputs,
    resume: bool,
    previews: bool,
    quiet: bool,
) -> None:
    """Read the pictures, train, and write the network."""
    from impasto.feedforward.weights import identity
    from impasto.training.checkpoint import check_origin, read_checkpoint
    from impasto.training.trainer import Trainer

    quiet = quiet or not is_first_process()
    judge = _open_loss_encoder(settings.loss_encoder)
    with Stop(quiet) as stop, closing(training_report(quiet)) as report:
        photographs = read_pictures(photos, "photographs", report, stop)
        style_images = read_pictures(art, "style images", report, stop)
        task = _open(photographs, style_images, settings, judge, initial, report, stop)
        origin = origin_of(photos=photographs, art=style_images)
        origin["started_from"] = identity(initial) if initial else "random weights"
        session = TrainingSession(Trainer(task), origin, outputs.checkpoint, stop, report, quiet)
        if resume:
            saved = read_checkpoint(outputs.checkpoint, task.kind)
            if initial is None:  # the checkpoint holds the weights, so --from need not be repeated
                origin["started_from"] = saved.origin.get("started_from")
            check_origin(saved, origin, dict.fromkeys(origin, OTHER_DATA))
            session.resume(saved)
        run = AnyStyleRun(session, photographs.held_out, style_images.held_out, outputs)
        session.write_preview = run.preview if previews else None
        finished = session.train()
        if not finished:
            session.save()
        elif session.is_main:
            run.write()
        if session.is_main:
            run.draw()
        if not finished:
            session.interrupt()
    if session.is_main:
        outputs.checkpoint.unlink(missing_ok=True)
        if not quiet:
            print_result(str(outputs.model))


def _open_loss_encoder(name: str) -> Encoder:
    """Return the encoder of the losses; raises RecipeError if there is none of this name, or it lacks a layer."""
    from impasto.encoders import open_encoder
    from impasto.feedforward.loss_encoder import LOSS_LAYERS

    encoder = open_encoder(name)
    encoder.resolve(LOSS_LAYERS)
    return encoder


def _open(
    photographs: PictureFolder,
    style_images: PictureFolder,
    settings: AnyStyleSettings,
    judge: Encoder,
    initial: Path | None,
    report: TrainingReport,
    stop: Stop,
) -> AnyStyleTask:
    """Measure the style images and set the initial weights."""
    from impasto.encoders import open_encoder, prepare, tune_process
    from impasto.feedforward.loss_encoder import loss_encoder
    from impasto.feedforward.objective import STYLE_LAYERS
    from impasto.feedforward.restore import initial_weights
    from impasto.feedforward.style_data import measure_styles
    from impasto.feedforward.tasks.any_style import AnyStyleTask

    weights = None if initial is None else initial_weights(initial)
    tune_process()
    compute, parallel = open_compute(settings.device, settings.precision)
    encoder = prepare(open_encoder("compact"), compute.device, compute.precision)
    progress = counting("measuring style images", report, stop)
    images, count, seed = style_images.train, settings.variants, settings.seed
    styles = measure_styles(encoder, images, count, seed, progress)
    judge = prepare(judge, compute.device, compute.precision)
    losses = loss_encoder(judge, photographs.train, images, settings.seed)
    progress = counting("measuring targets", report, stop)
    targets = measure_styles(losses, images, count, seed, progress, STYLE_LAYERS)
    return AnyStyleTask(
        losses, photographs.train, styles, targets, settings, compute, parallel, initial=weights
    )


@dataclass
class AnyStyleRun:
    """A training with held-out pictures, uint8 `(3, H, W)`, for previews."""

    session: TrainingSession
    photographs: Sequence[Tensor]
    style_images: Sequence[Tensor]
    outputs: OnePassOutputs

    def preview(self) -> Path:
        """Paint held-out photographs with the weights as they are now, and draw the curve; return the picture."""
        from impasto.feedforward.previews import preview_any
        from impasto.imaging import write_picture

        weights = self.session.trainer.task.weights()
        pixels = preview_any(self.card(), weights, self.photographs, self.style_images)
        write_picture(self.outputs.preview, pixels)
        write_learning_curve(self.outputs, self.session.trainer, quiet=True)
        return self.outputs.preview

    def draw(self) -> None:
        """Write the last preview, unless none are wanted, and the curve."""
        if self.session.write_preview is not None:
            self.preview()
        write_learning_curve(self.outputs, self.session.trainer, quiet=self.session.quiet)

    def write(self) -> None:
        """Write the network."""
        from impasto.feedforward.weights import write_network

        write_network(self.outputs.model, self.session.trainer.task.weights(), self.card())

    def card(self) -> dict[str, Any]:
        """Return the card of the network as it is now."""
        from impasto.feedforward.restore import PREDICTOR_SIZES, STRENGTHS

        trainer, settings = self.session.trainer, self.session.trainer.task.settings
        assert isinstance(settings, AnyStyleSettings)
        return {
            "kind": trainer.task.kind,
            "version": 1,
            "name": "any",
            "steps_done": trainer.step,
            "settings": settings.model_dump(),
            **self.session.origin,
            "blocks": list(settings.blocks),
            "detail": settings.detail,
            "grain": settings.grain,
            "strengths": STRENGTHS,
            **PREDICTOR_SIZES,
        }
