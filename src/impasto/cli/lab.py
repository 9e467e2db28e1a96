"""``impasto lab``: the experiments of the papers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.cluster import connected
from impasto.cli.console import print_note, print_result, print_status, wide_console
from impasto.cli.demo import photo_path
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.lab_cluster import compute_on_cluster
from impasto.cli.lab_progress import study_progress
from impasto.cli.naming import make_folder
from impasto.errors import MissingExtraError, RecipeError

if TYPE_CHECKING:
    from impasto.lab import Laboratory, Setting, Study, StudyResult

app = typer.Typer(add_completion=False, name="lab", no_args_is_help=True)

PHOTO = "chelsea"

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME...", help="Studies; see 'impasto lab list'.", show_default=False),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder; each study gets a subfolder.")]
Content = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Content image. Default: a photograph of scikit-image.", show_default=False
    ),
]
Styles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE", help="Style image; may be repeated. Default: impasto's plates.", show_default=False
    ),
]
EncoderName = Annotated[str, typer.Option(metavar="NAME", help="Encoder that paints or is fine-tuned.")]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Weights of VGG-19, which then measures the results. Default: the fetched ones.",
        show_default=False,
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=32,
        max=4096,
        help="Longer side in pixels. Default: 320 (two-resolutions: 450), with --quick 192.",
        show_default=False,
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(min=1, help="Most steps of a picture or epochs of a training.", show_default=False),
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Class folders to fine-tune on. Default: classes painted by program.",
        show_default=False,
    ),
]
NetworkFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="One-pass network trained for the first style, for optimised-or-trained.",
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
    quick: Annotated[bool, typer.Option("--quick", help="Fewer steps, smaller or fewer pictures.")] = False,
    out: Out = Path("impasto-lab"),
    content: Content = None,
    style: Styles = None,
    encoder: EncoderName = "compact",
    weights: Weights = None,
    size: Size = None,
    steps: Steps = None,
    data: Data = None,
    network: NetworkFile = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Discard existing results.")] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="local|auto|HOST:PORT", help="Compute the cells with Ray, on the machines of a cluster."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")] = False,
) -> None:
    """Run studies: paint or train, measure, draw the figure, write data and a report.

    Finished cells are reused: after an interruption (Ctrl-C) the same command resumes.
    """
    studies = _chosen(names or [], every)
    from impasto.lab import Laboratory, Setting, StudyPictures, write_report

    setting = Setting(encoder, _text(weights), quick, size, steps, _text(data), _text(network))
    _check_inputs(setting)
    needed = max(study.styles for study in studies)
    with Stop(quiet) as stop:
        content_image = content or _photo()
        laboratories = {
            adjusted: Laboratory(
                adjusted, StudyPictures.read(content_image, style or [], adjusted.size, needed), out
            )
            for adjusted in dict.fromkeys(study.adjust(setting) for study in studies)
        }
        for laboratory in laboratories.values():
            _ = laboratory.judge.fingerprint  # reads the judge's weights, which may be missing
        make_folder(out)
        if not quiet and any("judge" in study.measures for study in studies):
            print_note(next(iter(laboratories.values())).judge.sentence)
        with ExitStack() as stack:
            ray = None if cluster is None else stack.enter_context(connected(cluster, quiet))
            for study in studies:
                laboratory = laboratories[study.adjust(setting)]
                if ray is not None:
                    compute_on_cluster(ray, study, laboratory, stop, fresh, quiet)
                result = _run(study, laboratory, stop, fresh and ray is None, quiet)
                print_result(str(write_report(result)))
                stop.check()


def _check_inputs(setting: Setting) -> None:
    """Raise before anything runs if matplotlib, weights, class folders or a network file cannot be used."""
    from impasto.lab.figure import need_matplotlib
    from impasto.lab.weights import weights_of

    need_matplotlib()
    weights_of(setting.encoder, setting)
    if setting.data is not None:
        from impasto.encoder_training.finetune.class_folders import find_classes

        find_classes(Path(setting.data))
    if setting.network is not None:
        from impasto.feedforward.weights import read_network

        read_network(Path(setting.network))


def _chosen(names: Sequence[str], every: bool) -> list[Study]:
    from impasto.lab import STUDIES, find_study

    if every and names:
        raise RecipeError(f"--all runs every study; leave out {', '.join(names)} or --all.")
    if not every and not names:
        raise RecipeError("No study was given; see 'impasto lab list', or use --all.")
    return [find_study(name) for name in dict.fromkeys(names)] if names else list(STUDIES.values())


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _photo() -> Path | None:
    """Return the photograph of scikit-image; None without that package, and a plate replaces it."""
    try:
        return photo_path(PHOTO)
    except MissingExtraError:
        return None


def _run(study: Study, laboratory: Laboratory, stop: Stop, fresh: bool, quiet: bool) -> StudyResult:
    """Run one study and show its progress; raises `Interrupted` after a signal."""
    from impasto.lab import StudyDone, run_study

    with closing(study_progress(study.name, quiet)) as progress:
        for event in run_study(study, laboratory, fresh=fresh):
            progress.update(event)
            if isinstance(event, StudyDone):
                return event.result
            if stop.number:
                progress.close()
                if not quiet:
                    print_status(
                        f"{study.name}: {progress.done} of {progress.count} cells are finished; run the same command "
                        "again to resume."
                    )
                raise Interrupted(stop.number)
    raise AssertionError("a study ends with StudyDone")  # unreachable: run_study ends with it or raises
