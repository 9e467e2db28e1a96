"""``impasto apply``: paint many pictures with a trained network, each in one pass."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import one_line, say, tell, wide_console
from impasto.cli.failures import BAD_INPUT
from impasto.cli.interrupt import Interrupted, Stop
from impasto.cli.naming import check_distinct, joined, make_folder
from impasto.cli.network_options import (
    MixOption,
    ModelArgument,
    QuietOption,
    StrengthOption,
    StrokeOption,
    StyleOption,
    amounts,
    chosen_styles,
    open_named,
    read_mix,
    told,
)
from impasto.errors import ImpastoError, OutputError, PictureError, RecipeError, TooLargeError

if TYPE_CHECKING:
    from impasto.feedforward.descriptor import ModelDescriptor
    from impasto.feedforward.modules.transform import StyleParams
    from impasto.imaging.tiles import Tiling

app = typer.Typer(add_completion=False)

OF_ONE_PICTURE = (PictureError, TooLargeError, OutputError)
MOST_SIDE = 32768


@dataclass(frozen=True)
class Brush:
    """Everything that every picture is painted with; `provenance` is written into each."""

    loaded: ModelDescriptor
    style_params_list: Sequence[StyleParams]
    masks: tuple[str, ...]
    tiling: Tiling
    size: int | None
    provenance: dict[str, Any]


@app.command("apply")
def apply(
    model: ModelArgument,
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="PHOTO...", help="Photographs, or folders of them.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE|DIR", help="Picture to write, or folder for them; created."
        ),
    ] = None,
    style: StyleOption = None,
    mix: MixOption = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|WORD", help="Where a style is painted, instead of --mix; one a style."),
    ] = None,
    strength: StrengthOption = None,
    stroke: StrokeOption = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_SIDE, help="Longer side in pixels; larger ones are shrunk."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Paint also what is there already.")] = False,
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="torch, onnxruntime, openvino; auto: the fastest installed.")
    ] = "auto",
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    tile: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Side of the tiles of large pictures.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Paint photographs with a trained network, each in one pass.

    What is in the folder already is left alone, so that an interrupted run goes on where it was.
    """
    from impasto.imaging import pictures_in

    with Stop(quiet) as stop:
        contents = pictures_in(pictures)
        brush, label, read = _open(
            model, style, mix, tuple(mask or ()), (strength, stroke), size, (backend, device, tile)
        )
        places = _places(contents, out, label)
        _check_places(places, [*contents, *read])
        named = len(places) == 1 and places[0] == out
        _paint_all(brush, list(zip(contents, places, strict=True)), again or named, quiet, stop)


def _open(
    name: str,
    typed: list[str] | None,
    mix: str | None,
    masks: tuple[str, ...],
    typed_amounts: tuple[float | None, float | None],
    size: int | None,
    machine: tuple[str, str, int | None],
) -> tuple[Brush, str, list[Path]]:
    """Return the brush, what pictures painted with it are called, and the files that were read for it."""
    from impasto.encoders import open_device, tune_process
    from impasto.feedforward.backends import choose_backend, open_engine
    from impasto.feedforward.descriptor import ModelDescriptor, check_tiling
    from impasto.imaging.tiles import DEFAULT_TILING, Tiling

    backend, device_name, tile = machine
    device = open_device(device_name)
    choose_backend(backend, device)  # says what is wrong with it before anything is read
    tiling = DEFAULT_TILING if tile is None else Tiling(tile)
    check_tiling(tiling)
    model = open_named(name)
    styles = chosen_styles(model, typed)
    if masks and mix:
        raise RecipeError("--mask gives every style its place and --mix lets all share; give one of them.")
    weights = read_mix(mix, max(1, len(styles)))
    default_strength = amounts(model, *typed_amounts)
    given = told(model, default_strength)
    style_params_list = (
        model.style_params_list(styles, **given) if masks else [model.style_params(styles, weights, **given)]
    )
    tune_process()
    network = model.styled.network
    engine = None if masks else open_engine(backend, network, device)
    loaded = ModelDescriptor(network, model.card, device=device, name=name, engine=engine)
    names = [Path(s).stem for s in styles or model.names]
    applied = {
        "network": model.path.stem, "kind": model.card["kind"], "styles": names, "mix": weights,
        **default_strength, "size": size, "masks": list(masks),
    }  # fmt: skip
    brush = Brush(loaded, style_params_list, masks, tiling, size, {"apply": applied})
    return brush, "-".join(names), [model.path, *(s for s in styles if isinstance(s, Path))]


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
    return [folder / f"{joined([content.stem, label])}{_suffix(content)}" for content in contents]


def _suffix(content: Path) -> str:
    from impasto.imaging import WRITABLE

    return content.suffix.lower() if content.suffix.lower() in WRITABLE else ".png"


def _check_places(places: Sequence[Path], read: Sequence[Path]) -> None:
    """Raise RecipeError if two pictures would have one name, or one would replace a file that is read."""
    seen: set[Path] = set()
    for place in places:
        check_distinct(read, {"--out": place})
        if place in seen:
            raise RecipeError(f"Two of the photographs would both be '{place}'; paint them into two folders.")
        seen.add(place)


def _paint_all(brush: Brush, work: Sequence[tuple[Path, Path]], again: bool, quiet: bool, stop: Stop) -> None:
    """Paint every picture; what is wrong with one of several is said at the end, with exit code 2."""
    failed: list[tuple[Path, ImpastoError]] = []
    done = kept = 0
    with _bar(len(work), quiet) as show:
        for content, place in work:
            if place.exists() and not again:
                kept += 1
                continue
            show(content.name, done + kept, 0.0)

            def seen(tile: int, tiles: int, name: str = content.name, before: int = done + kept) -> None:
                stop.check()
                show(name, before, tile / tiles)

            try:
                stop.check()
                _paint(brush, content, place, seen)
                done += 1
            except OF_ONE_PICTURE as error:
                if len(work) == 1:
                    raise
                failed.append((content, error))
            except Interrupted:
                tell(f"{done} pictures painted; the same command goes on with the rest.")
                raise
            else:
                if not quiet:
                    say(str(place))
    _report(len(work), done, kept, failed, quiet)


def _report(
    count: int, done: int, kept: int, failed: Sequence[tuple[Path, ImpastoError]], quiet: bool
) -> None:
    if not quiet and (count > 1 or kept):
        there = f", {kept} were there already (--again paints them anew)" if kept else ""
        tell(f"{done} of {count} pictures painted{there}.")
    for content, why in failed:
        tell(f"impasto: {content}: {one_line(str(why))}")
    if failed:
        raise typer.Exit(BAD_INPUT)


def _paint(brush: Brush, content: Path, place: Path, seen: Callable[[int, int], None]) -> None:
    from impasto.imaging import check_writable, complete_masks, read_mask, read_picture, write_picture

    check_writable(place)
    picture = read_picture(content, longest=brush.size)
    masks = None
    if brush.masks:
        read = [read_mask(m, picture.height, picture.width, name=Path(m).name) for m in brush.masks]
        masks = complete_masks(read, len(brush.style_params_list), [Path(m).name for m in brush.masks])
    style_params_list = brush.style_params_list if masks else brush.style_params_list[0]
    out = brush.loaded.paint(picture.pixels, style_params_list, masks, tiling=brush.tiling, seen=seen)
    alpha = picture.alpha
    del picture  # a large one is not held while the painted one is written
    provenance = {**brush.provenance, "content": str(content)}
    write_picture(place, out, alpha=alpha, recipe=provenance)


@contextmanager
def _bar(count: int, quiet: bool) -> Iterator[Callable[[str, int, float], None]]:
    """Yield what shows a name, how many are done, and the share of this one: a bar on a terminal, else nothing."""
    if quiet or not sys.stderr.isatty():
        yield _silent
        return
    from rich.progress import Progress

    console = wide_console(stderr=True)
    with Progress(console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=count)
        yield lambda name, done, share: bar.update(task, description=name, completed=done + share)


def _silent(name: str, done: int, share: float) -> None:
    """Show nothing."""
    del name, done, share
