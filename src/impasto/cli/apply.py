"""``impasto apply``: paint many pictures with a trained network, each in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.console import print_status
from impasto.cli.failures import ONE_PICTURE_ERRORS, print_failed, report_failed
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.json_report import JsonReport
from impasto.cli.naming import by_real_path, check_overwrites, make_folder
from impasto.cli.network_options import (
    DpiOption,
    FramingOption,
    MaskOption,
    MixOption,
    ModelArgument,
    PicturesArgument,
    QuietOption,
    SizeOption,
    StrengthOption,
    StrokeOption,
    StyleOption,
    chosen_styles,
    typed_settings,
)
from impasto.cli.picture_progress import PictureBar, build_notice
from impasto.cli.piped import Piped
from impasto.cli.shipped_networks import ListOption, SheetOption, check_request, list_networks
from impasto.errors import ImpastoError, RecipeError
from impasto.imaging.file_names import joined_stem

if TYPE_CHECKING:
    from impasto.batch import Digests
    from impasto.feedforward.graph_stylizer import GraphStylizer
    from impasto.feedforward.settings import OnePassSettings
    from impasto.feedforward.stylizer import Stylizer
    from impasto.guidance import Guides
    from impasto.guidance.result import SavedPicture

app = typer.Typer(add_completion=False)

OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE|DIR", help="Picture to write, or folder for them; created."),
]
BackendOption = Annotated[
    str, typer.Option(metavar="NAME", help="torch, onnxruntime, openvino; auto: the fastest installed.")
]
TileOption = Annotated[
    int | None, typer.Option(metavar="PIXELS", help="Side of the tiles of large pictures.")
]


@dataclass(frozen=True)
class ApplyJob:
    """Everything that all pictures of one command are painted with."""

    stylizer: GraphStylizer | Stylizer
    styles: Sequence[str | Path]
    settings: OnePassSettings
    guides: Guides
    digests: Digests

    @property
    def label(self) -> str:
        """The styles as part of a file's name."""
        return "-".join(Path(style).stem for style in self.styles or self.stylizer.styles)

    @property
    def files(self) -> list[Path]:
        """Every file that is read besides the pictures to paint."""
        styles = [style for style in self.styles if isinstance(style, Path)]
        return [self.stylizer.model.path, *styles, *self.guides.files]


@app.command("apply")
def apply(
    model: ModelArgument = "",
    pictures: PicturesArgument = None,
    out: OutOption = None,
    style: StyleOption = None,
    mix: MixOption = None,
    mask: MaskOption = None,
    strength: StrengthOption = None,
    stroke: StrokeOption = None,
    size: SizeOption = None,
    framing: FramingOption = None,
    dpi: DpiOption = None,
    again: Annotated[bool, typer.Option("--again", help="Also repaint pictures that exist already.")] = False,
    backend: BackendOption = "auto",
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    tile: TileOption = None,
    listed: ListOption = False,
    sheet: SheetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a report as JSON instead of names.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Paint photographs with a trained network, each in one pass.

    Pictures that exist already are left alone, so the same command resumes an interrupted run. - is stdin for a
    photograph, and stdout (a PNG) for --out.
    """
    check_request(model, pictures, listed, sheet)
    if listed:
        list_networks(sheet)
        return
    from impasto.batch import Digests
    from impasto.feedforward.open_stylizer import keep_graphs, open_stylizer
    from impasto.guidance import Guides
    from impasto.imaging import pictures_in

    with (
        Piped(pictures or (), out) as piped,
        JsonReport("apply", as_json, stdin=piped.stdin, binary=piped.stdout is not None) as report,
        Stop(quiet) as stop,
    ):
        contents, out = pictures_in(piped.pictures), piped.out
        notice = build_notice(model, quiet)
        stylizer = open_stylizer(model, backend=backend, device=device, tile=tile, on_build=notice)
        styles = chosen_styles(stylizer, style)
        if mask and mix:
            raise RecipeError(
                "--mask gives every style its place and --mix lets all share; give one of them."
            )
        settings = typed_settings(styles, mix, strength, stroke, size=size, framing=framing, dpi=dpi)
        job = ApplyJob(stylizer, styles, settings, Guides(tuple(mask or ())), Digests())
        stylizer.check(styles, settings, job.guides)
        places = _places(contents, out, job.label)
        _check_places(places, [*contents, *job.files])
        named = len(places) == 1 and places[0] == out
        _paint_all(job, list(zip(contents, places, strict=True)), again or named, quiet, stop, report)
        if stylizer.backend == "torch":  # otherwise the graphs are there
            keep_graphs(model, backend=backend, device=device, tile=tile, on_build=notice)


def _places(contents: Sequence[Path], out: Path | None, label: str) -> list[Path]:
    """Return where each picture goes: `out` itself, or a name of its own in that folder or this one."""
    from impasto.imaging import WRITABLE

    if out is not None and not out.is_dir() and out.suffix.lower() in WRITABLE:
        if len(contents) > 1:
            raise RecipeError(
                f"--out is one file, but there are {len(contents)} photographs; name a folder without a suffix."
            )
        return [out]
    if out is not None:
        make_folder(out)
    folder = out or Path()
    return [folder / f"{joined_stem([content.stem, label])}{_suffix(content)}" for content in contents]


def _suffix(content: Path) -> str:
    from impasto.imaging import WRITABLE

    return content.suffix.lower() if content.suffix.lower() in WRITABLE else ".png"


def _check_places(places: Sequence[Path], read: Sequence[Path]) -> None:
    """Raise RecipeError if two pictures would have one name, or one would replace a file that is read."""
    inputs, taken = by_real_path(read), set[Path]()
    for place in places:
        real = check_overwrites("--out", place, inputs)
        if real in taken:
            raise RecipeError(f"Two of the photographs would both be '{place}'; paint them into two folders.")
        taken.add(real)


def _paint_all(
    job: ApplyJob,
    pairs: Sequence[tuple[Path, Path]],
    again: bool,
    quiet: bool,
    stop: Stop,
    report: JsonReport,
) -> None:
    """Paint every picture into its place; errors of single pictures are reported at the end."""
    styles = [str(style) for style in job.styles or job.stylizer.styles]
    failed: list[tuple[Path | None, ImpastoError]] = []
    done = skipped = 0
    with PictureBar(len(pairs), quiet) as bar:
        for content, place in pairs:
            if place.exists() and not again:
                skipped += 1
                report.add("finished", content, styles, place)
                continue
            bar.show(content.name, done + skipped, 0.0)

            def on_progress(
                tile: int, tiles: int, name: str = content.name, before: int = done + skipped
            ) -> None:
                stop.check()
                bar.show(name, before, tile / tiles)

            try:
                stop.check()
                result = _paint(job, content, place, report, on_progress)
                done += 1
            except ONE_PICTURE_ERRORS as error:
                if len(pairs) == 1:
                    raise
                failed.append((content, error))
                report.add("failed", content, styles, None, error=error)
            except Interrupted:
                print_failed(failed)
                print_status(f"{done} pictures painted; the same command goes on with the rest.")
                raise
            else:
                report.add("painted", content, styles, place, result=result)
                if not quiet:
                    report.print_name(place)
    _report(len(pairs), done, skipped, failed, quiet)


def _report(
    count: int, done: int, skipped: int, failed: Sequence[tuple[Path | None, ImpastoError]], quiet: bool
) -> None:
    if not quiet and (count > 1 or skipped):
        existing = f", {skipped} were there already (--again paints them again)" if skipped else ""
        print_status(f"{done} of {count} pictures painted{existing}.")
    report_failed(failed)


def _paint(
    job: ApplyJob, content: Path, place: Path, report: JsonReport, on_progress: Callable[[int, int], None]
) -> SavedPicture:
    from impasto.batch import one_pass_key
    from impasto.imaging import check_writable

    check_writable(place)
    result = job.stylizer.paint(content, job.styles, job.settings, job.guides, on_progress)
    styles = [str(style) for style in job.styles]
    guides = job.guides.to_json()
    key = one_pass_key(
        job.digests, job.stylizer.model, job.settings, content=str(content), styles=styles, guides=guides
    )
    report.seal(result.provenance, key)
    result.save(place)
    return result
