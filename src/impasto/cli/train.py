"""``impasto train``: train a network that paints in one or a few styles in one pass."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.console import print_result
from impasto.cli.interrupt import Stop
from impasto.cli.style_training import StyleTrainingRun, TrainingRequest
from impasto.cli.training_options import OutOption, PhotosOption, PreviewsOption, takes_settings
from impasto.cli.training_progress import is_first_process, training_report
from impasto.cli.training_session import OTHER_DATA, check_checkpoint
from impasto.feedforward.style_settings import GivenStyleSettings

app = typer.Typer(add_completion=False)

OTHER_ENCODER = (
    "The encoder's weights are not those of the checkpoint; give the same --weights, or start afresh."
)


@app.command("train")
@takes_settings(GivenStyleSettings)
def train(
    styles: Annotated[
        list[Path], typer.Argument(metavar="STYLE...", help="Style images.", show_default=False)
    ],
    photos: PhotosOption,
    out: OutOption,
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
    previews: PreviewsOption = True,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the network even if a check finds blobs or checkerboards.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume from the checkpoint.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train a network that paints in one or a few styles in one pass.

    Every 16th photograph is held out. Ctrl-C writes the network so far and a checkpoint; a second one stops at once.
    """
    request = TrainingRequest.open(
        styles,
        (title or [], credit or [], licence or []),
        photos=photos,
        out=out,
        settings=GivenStyleSettings.make(given),
        initial=initial,
        weights=weights,
        given={**given, "title": title, "credit": credit, "licence": licence},
        previews=previews,
        accept=accept,
    )
    check_checkpoint(request.outputs.checkpoint, resume)
    _run(request, tensorboard, resume, quiet)


def _run(request: TrainingRequest, tensorboard: Path | None, resume: bool, quiet: bool) -> None:
    """Train, check and write; after a signal write the network so far and a checkpoint."""
    from impasto.training.checkpoint import check_origin, check_settings, read_checkpoint
    from impasto.training.curves import TensorBoardLog, require_tensorboard

    quiet = quiet or not is_first_process()
    outputs = request.outputs
    saved = read_checkpoint(outputs.checkpoint, request.kind) if resume else None
    if saved is not None:
        check_settings(saved, request.settings)
    require_tensorboard(tensorboard)
    with Stop(quiet) as stop, closing(training_report(quiet)) as report:
        run = StyleTrainingRun.open(request, report, stop, quiet)
        session = run.session
        if saved is not None:
            sentences = {**dict.fromkeys(session.origin, OTHER_DATA), "encoder_sha256": OTHER_ENCODER}
            check_origin(saved, session.origin, sentences)
            session.resume(saved)
        with TensorBoardLog(tensorboard if session.is_main else None, session.trainer.step) as log:
            session.log = log
            finished = session.train()
        if not finished:
            session.save()
        if session.is_main:
            run.finish(finished)
        if not finished:
            session.interrupt()
    if session.is_main:
        outputs.checkpoint.unlink(missing_ok=True)
        if not quiet:
            print_result(str(outputs.model))
