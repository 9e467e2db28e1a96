"""``impasto video``: paint a clip in the style of paintings, with its sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.cluster import ClusterOptions
from impasto.cli.interrupt import Stop
from impasto.cli.options import takes_recipe
from impasto.cli.video_request import OutputChoice, request_from_words, stored_request
from impasto.cli.video_session import VideoSession, print_plan
from impasto.errors import RecipeError
from impasto.feedforward.pretrained import LIVE_NETWORK

app = typer.Typer(add_completion=False)
MAIN, OUTPUT, PART, RUN = "Main settings", "Output", "Part of the clip", "Run"
MOTION, REGIONS = "Motion", "Regions"


@dataclass(frozen=True)
class PaintingOptions:
    """How the clip is painted."""

    method: Annotated[
        str, typer.Option(rich_help_panel=MAIN, metavar="fast|optimize|keyframes", help="Way of painting.")
    ] = "fast"
    how_strong: Annotated[
        str | None,
        typer.Option(
            "--strength",
            metavar="NUMBER|S:NUMBER,...",
            rich_help_panel=MAIN,
            help="0 keeps the clip, up to 2 for more style; 0:.4,10:.8 changes it from second 0 to 10.",
        ),
    ] = None
    network: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            rich_help_panel=MAIN,
            help="Network of the method fast; any is finer and slower.",
        ),
    ] = LIVE_NETWORK
    roughness: Annotated[
        float,
        typer.Option(rich_help_panel=MOTION, help="0 keeps brush strokes still, 1 lets every frame live."),
    ] = 0.0
    loop: Annotated[
        bool,
        typer.Option("--loop", rich_help_panel=MOTION, help="Lead from the last frame back to the first."),
    ] = False
    keyframe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SECONDS:FILE", rich_help_panel=MOTION, help="Frame that you painted; give one or more."
        ),
    ] = None
    keyframes: Annotated[
        int | None,
        typer.Option(rich_help_panel=MOTION, help="Frames from one keyframe to the next, 30 by default."),
    ] = None
    mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|WORD",
            rich_help_panel=REGIONS,
            help="Where a style is painted: a grey picture or clip (white = here), or left, right, top, bottom, "
            "centre. One per style; with one fewer, the last style gets the rest.",
        ),
    ] = None
    protect: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|WORD", rich_help_panel=REGIONS, help="Where the clip stays unchanged: like --mask."
        ),
    ] = None


@dataclass(frozen=True)
class PartOptions:
    """Which part of the clip is painted, and at which size and rate."""

    first: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", rich_help_panel=PART, help="Start: seconds, or 1:30."),
    ] = None
    last: Annotated[
        str | None, typer.Option("--to", metavar="TIME", rich_help_panel=PART, help="End: seconds, or 1:30.")
    ] = None
    fps: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=PART,
            help="Frames a second. Clips keep their own times without it; pictures have 25.",
        ),
    ] = None
    longest: Annotated[
        int | None,
        typer.Option(
            "--size", rich_help_panel=PART, help="Longer side in pixels, if smaller than the clip's."
        ),
    ] = None


@dataclass(frozen=True)
class ClipOutputOptions:
    """Where the painted clip goes, and how it is written."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE|FOLDER",
            rich_help_panel=OUTPUT,
            help="Clip to write: .mp4, .mov, .mkv, .webm, .gif, .webp, or a folder of PNG files.",
        ),
    ] = None
    codec: Annotated[
        str | None,
        typer.Option(
            metavar="h264|h265|av1|vp9|prores",
            rich_help_panel=OUTPUT,
            help="Codec; the suffix sets the default.",
        ),
    ] = None
    bits: Annotated[
        int | None, typer.Option(rich_help_panel=OUTPUT, help="Bits per channel: 8, 10, or 16 for PNG files.")
    ] = None
    chroma: Annotated[
        int | None, typer.Option(rich_help_panel=OUTPUT, help="Resolution of colour: 420, 422 or 444.")
    ] = None
    crf: Annotated[
        int | None,
        typer.Option(rich_help_panel=OUTPUT, help="Constant rate factor: lower is better and larger."),
    ] = None
    sidecar: Annotated[
        bool, typer.Option(rich_help_panel=OUTPUT, help="Write the settings next to the clip as <out>.json.")
    ] = True
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=RUN, help="Write the current frame to this file every second."
        ),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=RUN, help="Go on with the unfinished run of --out.")
    ] = False
    restart: Annotated[
        bool, typer.Option("--restart", rich_help_panel=RUN, help="Throw the unfinished run of --out away.")
    ] = False
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", rich_help_panel=RUN, help="Print frames, time and disk need without starting."
        ),
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=RUN, help="Print errors only.")] = (
        False
    )


@app.command("video")
@takes_recipe("aspect", "seamless", "size", "strength", "start", "start_picture")
def video(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CLIP [PAINTING...]",
            help="A clip, a folder of pictures or frames/%04d.png; then paintings, which are mixed.",
            show_default=False,
        ),
    ] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[SECONDS:]FILE",
            help="Painting; with seconds for all of them, they are cross-faded over time.",
            show_default=False,
        ),
    ] = None,
    *,
    painting: PaintingOptions,
    part: PartOptions,
    output: ClipOutputOptions,
    cluster_options: ClusterOptions,
    settings: dict[str, Any],
) -> None:
    """Paint a clip in the style of paintings, and keep its sound.

    impasto video CLIP PAINTING -o painted.mp4. Finished parts are kept: Ctrl-C leaves a playable clip and prints the
    command to go on; a second one stops at once, and --resume goes on after that too.
    """
    cluster_options.check()
    if output.resume and output.restart:
        raise RecipeError(
            "--resume goes on with the unfinished run and --restart throws it away; give one of them."
        )
    choice = OutputChoice(output.out, output.codec, output.bits, output.chroma, output.crf)
    words = list(files or [])
    typed = bool(
        style or settings or vars(painting) != vars(PaintingOptions()) or vars(part) != vars(PartOptions())
    )
    with Stop(output.quiet) as stop:
        if output.resume and not words:
            if typed or any((output.codec, output.bits, output.chroma, output.crf)):
                raise RecipeError("--resume without a clip brings its own settings; leave the others out.")
            request = stored_request(choice)
        else:
            request = request_from_words(words, style or [], vars(painting), vars(part), settings, choice)
        if output.plan:
            print_plan(request.open())
            return
        session = VideoSession(
            request,
            stop,
            output.resume,
            output.restart,
            output.sidecar,
            output.preview,
            output.quiet,
            cluster_options,
        )
        session.paint()
