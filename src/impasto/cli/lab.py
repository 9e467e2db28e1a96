"""``impasto lab``: the experiments of the papers, one command each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.console import note, say, tell, wide_console
from impasto.cli.demo import photo_path
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.lab_progress import reporter
from impasto.cli.naming import make_folder
from impasto.errors import MissingExtraError, RecipeError

if TYPE_CHECKING:
    from impasto.lab import Laboratory, Study, StudyResult

app = typer.Typer(add_completion=False, name="lab", no_args_is_help=True)

PHOTO = "chelsea"

Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME...", help="Studies, see list.", show_default=False)
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder that gets a folder a study.")]
Content = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Photograph; else one that scikit-image ships.", show_default=False),
]
Styles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE", help="Painting, may be given again; else our own plates.", show_default=False
    ),
]
Encoder = Annotated[str, typer.Option(metavar="NAME", help="Network that is painted through, or trained.")]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Weights of VGG-19, which then judges; else those fetched.", show_default=False
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=32,
        max=4096,
        help="Longer side; else 320 (two-resolutions: 450), or 192 if quick.",
        show_default=False,
    ),
]
Steps = Annotated[
    int | None, typer.Option(min=1, help="Most steps a picture, epochs a training.", show_default=False)
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder of class folders to train on; else painted ones.", show_default=False
    ),
]

Network = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Network trained for the first style, for optimised-or-trained.",
        show_default=False,
    ),
]


@app.callback()
def lab() -> None:
    """Reproduce the experiments of the papers, with figures, data and reports."""


@app.command("list")
def list_studies() -> None:
    """List the studies."""
    from rich.table import Table

    from impasto.lab import STUDIES

    table = Table("study", "question", "source")
    for study in STUDIES.values():
        table.add_row(study.name, study.question, study.source)
    wide_console().print(table)


@app.command("run")
def run(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="Run every study.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer steps, small or fewer pictures.")] = False,
    out: Out = Path("impasto-lab"),
    content: Content = None,
    style: Styles = None,
    encoder: Encoder = "compact",
    weights: Weights = None,
    size: Size = None,
    steps: Steps = None,
    data: Data = None,
    network: Network = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Paint again what is there already.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Run studies: paint their pictures or train, measure, draw the figure, write data and a report.

    What is finished is kept: the same command goes on where it was stopped, also after Ctrl-C.
    """
    studies = _chosen(names or [], every)
    from impasto.encoder_training.finetune.class_folders import find_classes
    from impasto.lab import Laboratory, Setting, StudyPictures, write_report
    from impasto.lab.figure import need_matplotlib
    from impasto.lab.weights import weights_of

    need_matplotlib()
    setting = Setting(encoder, _text(weights), quick, size, steps, _text(data), _text(network))
    weights_of(encoder, setting)
    if data is not None:
        find_classes(data)
    if network is not None:
        from impasto.feedforward.weights import read_network

        read_network(network)
    needed = max(study.styles for study in studies)
    with Stop(quiet) as stop:
        photo = content or _photo()
        laboratories = {
            own: Laboratory(own, StudyPictures.read(photo, style or [], own.size, needed), out)
            for own in dict.fromkeys(study.own(setting) for study in studies)
        }
        for laboratory in laboratories.values():
            _ = laboratory.judge.fingerprint
        make_folder(out)
        if not quiet and any("judge" in study.measures for study in studies):
            note(next(iter(laboratories.values())).judge.sentence)
        for study in studies:
            finding = _run(study, laboratories[study.own(setting)], stop, fresh, quiet)
            say(str(write_report(finding)))
            stop.check()


def _chosen(names: Sequence[str], every: bool) -> list[Study]:
    from impasto.lab import STUDIES, find_study

    if every and names:
        raise RecipeError(f"--all runs every study; leave {', '.join(names)} or --all out.")
    if not every and not names:
        raise RecipeError("No study was named; see 'impasto lab list', or use --all.")
    return [find_study(name) for name in dict.fromkeys(names)] if names else list(STUDIES.values())


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _photo() -> Path | None:
    """Return the photograph that scikit-image ships, None where it is not: a plate then stands in."""
    try:
        return photo_path(PHOTO)
    except MissingExtraError:
        return None


def _run(study: Study, laboratory: Laboratory, stop: Stop, fresh: bool, quiet: bool) -> StudyResult:
    """Run one study, showing how far it is; raises `Interrupted` after a signal."""
    from impasto.lab import StudyDone, run_study

    with reporter(study.name, quiet) as report:
        for event in run_study(study, laboratory, fresh=fresh):
            report.see(event)
            if isinstance(event, StudyDone):
                return event.finding
            if stop.number:
                report.close()
                if not quiet:
                    tell(
                        f"{study.name}: {report.done} of {report.count} cells are kept; the same command goes on."
                    )
                raise Interrupted(stop.number)
    raise AssertionError("a study ends with StudyDone")  # unreachable: run_study ends with it or raises
