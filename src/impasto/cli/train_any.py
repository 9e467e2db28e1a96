"""``impasto train-any``: train the network that paints in any style in one pass."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import say, tell
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.training_options import takes_settings
from impasto.cli.training_progress import CHECKPOINT_SECONDS, reporter
from impasto.errors import OutputError, RecipeError
from impasto.feedforward.any_settings import AnySettings

if TYPE_CHECKING:
    from impasto.feedforward.tasks.any_style import AnyTraining

app = typer.Typer(add_completion=False)

# Steps from one line to the next; Ctrl-C is heard at a line.
EVERY = 10


@app.command("train-any")
@takes_settings(AnySettings)
def train_any(
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photographs.", show_default=False)],
    art: Annotated[Path, typer.Option(metavar="DIR", help="Folder of paintings.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="File to write (.safetensors).", show_default=False),
    ],
    begin: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Network for any style to begin with.", show_default=False
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint beside --out.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    *,
    given: dict[str, Any],
) -> None:
    """Train the network that paints in any style in one pass.

    Every 16th picture of both folders is held out. Ctrl-C writes a checkpoint; a second one stops at once.
    """
    settings = AnySettings.make(given)
    if out.suffix.lower() != ".safetensors":
        raise OutputError(
            f"Networks are written as .safetensors, not '{out.suffix}'; give --out another suffix."
        )
    from impasto.feedforward.tasks.any_style import KIND
    from impasto.feedforward.weights import identity
    from impasto.imaging import check_place
    from impasto.training import checkpoint

    state = out.with_name(f"{out.name}.checkpoint")
    check_place(out)
    check_place(state)
    if resume and not state.is_file():
        raise RecipeError(f"There is no checkpoint '{state}' to go on from; leave --resume out.")
    with Stop(quiet) as stop, reporter(quiet) as report:
        run = _open(photos, art, settings, begin, report, stop)
        origin = {
            "photos": photos.name, "art": art.name, "began_with": identity(begin) if begin else "random weights"
        }  # fmt: skip
        if resume:
            origin = {**origin, **checkpoint.resume(state, KIND, run)}
            if not quiet:
                tell(f"going on after step {run.learner.step}")
        _train(run, state, origin, report, stop)
        _write(run, out, origin)
    state.unlink(missing_ok=True)
    if not quiet:
        say(str(out))


def _open(
    photos: Path, art: Path, settings: AnySettings, begin: Path | None, report: Any, stop: Stop
) -> AnyTraining:
    from impasto.encoders import best_precision, open_device, open_encoder, prepare, tune_process
    from impasto.feedforward.style_data import measure_styles
    from impasto.feedforward.tasks.any_style import AnyTraining, read_any
    from impasto.training.crops import read_folder

    first = None if begin is None else read_any(begin)[1]
    tune_process()
    device = open_device("cpu")
    encoder = prepare(open_encoder("compact"), device, best_precision(device))
    photographs, paintings = read_folder(photos), read_folder(art)

    def seen(done: int, total: int) -> None:
        report.count("measuring paintings", done, total)
        stop.check()

    styles = measure_styles(encoder, paintings.train, settings.variants, settings.seed, seen)
    return AnyTraining(encoder, photographs.train, styles, settings, first)


def _train(run: AnyTraining, state: Path, origin: dict[str, str], report: Any, stop: Stop) -> None:
    from impasto.feedforward.tasks.any_style import KIND
    from impasto.training.checkpoint import write_checkpoint

    words = run.settings.model_dump_json()
    saved = time.monotonic()
    for line in run.run(EVERY):
        report.trained(line)
        if stop.number or time.monotonic() - saved >= CHECKPOINT_SECONDS:
            write_checkpoint(state, KIND, words, origin, run.state())
            saved = time.monotonic()
        if stop.number and line.step < line.steps:
            tell(f"Stopped after step {line.step}; go on with the same command and --resume.")
            raise Interrupted(stop.number)


def _write(run: AnyTraining, out: Path, origin: dict[str, str]) -> None:
    from impasto.feedforward.tasks.any_style import KIND, SIZES, STRENGTHS
    from impasto.feedforward.weights import write_network

    card = {
        "kind": KIND, "name": "any", "settings": run.settings.model_dump(), **origin, "strengths": STRENGTHS, **SIZES
    }  # fmt: skip
    write_network(out, run.weights(), card)
