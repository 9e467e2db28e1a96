"""``impasto distill``: train the compact encoder from VGG-19 on folders of photographs and artworks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from impasto.cli.console import duration, say, tell
from impasto.cli.interrupt import Interrupted, Stop
from impasto.encoder_training.distill.settings import DistillSettings
from impasto.errors import OutputError, RecipeError, WeightsError

if TYPE_CHECKING:
    from impasto.encoder_training.distill.task import Distillation, DistillProgress

app = typer.Typer(add_completion=False)


def takes_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Give the command an option for each field of `DistillSettings`, which it gets together as ``settings``."""
    kinds = get_type_hints(DistillSettings)
    own = [
        p for name, p in inspect.signature(function, eval_str=True).parameters.items() if name != "settings"
    ]
    options = []
    for field in fields(DistillSettings):
        option = typer.Option(
            help=field.metadata["help"], min=field.metadata["least"], rich_help_panel="Training"
        )
        kind, keyword = Annotated[kinds[field.name], option], inspect.Parameter.KEYWORD_ONLY
        options.append(inspect.Parameter(field.name, keyword, default=field.default, annotation=kind))

    def command(**given: Any) -> None:
        settings = DistillSettings(**{field.name: given.pop(field.name) for field in fields(DistillSettings)})
        function(**given, settings=settings)

    command.__doc__ = function.__doc__
    command.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (*own, *options)}
    return command


@app.command("distill")
@takes_settings
def distill(
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photographs.", show_default=False)],
    art: Annotated[Path, typer.Option(metavar="DIR", help="Folder of artworks.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Weights to write (.safetensors).", show_default=False
        ),
    ],
    teacher: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of VGG-19; else those fetched.", show_default=False),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="State of the run. [<out>.checkpoint]", show_default=False),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    log_every: Annotated[int, typer.Option(min=1, help="Steps between two log lines.")] = 20,
    measure_every: Annotated[
        int, typer.Option(min=1, help="Steps between two measurements and checkpoints.")
    ] = 500,
    *,
    settings: DistillSettings,
) -> None:
    """Train a compact encoder from VGG-19.

    Ctrl-C writes the checkpoint at the next log line; a second one stops at once.
    """
    state = checkpoint or out.with_name(f"{out.name}.checkpoint")
    _check(settings, out, state)
    with Stop() as stop:
        run = _open(teacher, photos, art, settings)
        if resume:
            if not state.is_file():
                raise RecipeError(f"There is no checkpoint '{state}' to go on from; leave --resume out.")
            run.load(state)
            tell(f"going on after step {run.step}")
        first, last = run.step, None
        for line in run.run(state, log_every, measure_every):
            last = line
            _log(line, first, settings.steps)
            if stop.number and line.step < settings.steps:
                run.save(state)
                tell(f"Stopped after step {line.step}; go on with the same command and --resume.")
                raise Interrupted(stop.number)
        _write(run, out, last, {"settings": asdict(settings), "photos": str(photos), "art": str(art)})


def _check(settings: DistillSettings, out: Path, state: Path) -> None:
    from impasto.imaging import check_place

    if out.suffix.lower() != ".safetensors":
        raise OutputError(
            f"Weights are written as .safetensors, not '{out.suffix}'; give --out another suffix."
        )
    for name in ("constant", "policy_from", "policy_share"):
        value = getattr(settings, name)
        if not 0 <= value < 1:
            raise RecipeError(f"{name} is a share from 0 to below 1, not {value}.")
    check_place(out)
    check_place(state)


def _open(teacher: Path | None, photos: Path, art: Path, settings: DistillSettings) -> Distillation:
    from impasto.encoder_training.distill.task import Distillation
    from impasto.encoders import best_precision, open_device, open_encoder, prepare
    from impasto.training.crops import read_folder

    pictures = read_folder(photos), read_folder(art)
    device = open_device("cpu")
    encoder = prepare(open_encoder("vgg19", weights=teacher), device, best_precision(device))
    tell("measuring the teacher")
    return Distillation(encoder, *pictures, settings)


def _log(line: DistillProgress, first: int, steps: int) -> None:
    left = line.seconds * (steps - line.step) / max(1, line.step - first)
    losses = " ".join(f"{layer} {value:.4f}" for layer, value in line.unexplained.items())
    tell(f"step {line.step}/{steps}, {duration(line.seconds)}, {duration(left)} left; unexplained: {losses}")
    for kind, layers in (line.held_out or {}).items():
        tell(f"  held-out R2, {kind}: " + " ".join(f"{layer} {value:.4f}" for layer, value in layers.items()))


def _write(run: Distillation, out: Path, last: DistillProgress | None, metadata: dict[str, object]) -> None:
    from impasto.encoder_training.distill.task import write_weights

    if last is None:
        raise WeightsError("The checkpoint is of a finished run; its weights were written then.")
    metadata["steps"], metadata["held_out_r2"] = last.step, last.held_out
    metadata["seed"] = run.settings.seed
    write_weights(run.student, run.bases, out, metadata)
    say(str(out))
