"""What ``impasto video`` paints: from the words of the command line, or from an unfinished run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.guide_options import word_or_path
from impasto.cli.naming import beside, free
from impasto.cli.network_options import read_mix
from impasto.errors import RecipeError, ResumeError
from impasto.feedforward.pretrained import ANY_STYLE_NETWORKS
from impasto.guidance import Guides
from impasto.imaging.file_names import joined_stem
from impasto.optimize.presets import make_recipe
from impasto.video.formats import CONTAINERS, ClipFormat, choose_format
from impasto.video.run_file import journal_path, read_run
from impasto.video.settings import VideoSettings

if TYPE_CHECKING:
    from impasto.video.job import VideoJob

# Fields that a recipe and a clip's settings share.
SHARED = ("mix", "stroke", "colors", "steps", "seed", "device")
TIMED = re.compile(r"(\d+(?:\.\d*)?|\.\d+):(.+)", re.DOTALL)
CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d*)?)")


@dataclass(frozen=True)
class OutputChoice:
    """The output options as they were typed."""

    out: Path | None
    codec: str | None = None
    bits: int | None = None
    chroma: int | None = None
    crf: int | None = None


@dataclass(frozen=True)
class VideoRequest:
    """A clip, its styles and settings, and the output; nothing is opened yet."""

    clip: Path
    styles: tuple[str, ...]
    settings: VideoSettings
    output: Path
    choice: OutputChoice
    guides: Guides = field(default_factory=Guides)
    stored_format: ClipFormat | None = None

    @property
    def read_files(self) -> list[Path]:
        """Every file that is read."""
        styles = [Path(style) for style in self.styles if Path(style).exists()]
        return [
            self.clip,
            *styles,
            *self.guides.files,
            *(Path(name) for _, name in self.settings.keyframe_files),
        ]

    def open(self) -> VideoJob:
        """Return the checked job; raises an `ImpastoError`."""
        from impasto.imaging import check_file
        from impasto.video.job import open_job

        if self.settings.network in ANY_STYLE_NETWORKS:
            for style in self.styles:
                check_file(Path(style))
        for _, name in self.settings.keyframe_files:
            check_file(Path(name))
        return open_job(
            self.clip,
            [Path(style) if Path(style).exists() else style for style in self.styles],
            self.settings,
            self._format,
            self.output,
            self.guides,
        )

    def _format(self, source_bits: int) -> ClipFormat:
        choice = self.choice
        return self.stored_format or choose_format(
            self.output, choice.codec, choice.bits, choice.chroma, choice.crf, source_bits
        )


def request_from_words(
    files: Sequence[Path],
    styles: Sequence[str],
    painting: Mapping[str, Any],
    part: Mapping[str, Any],
    recipe: Mapping[str, Any],
    choice: OutputChoice,
) -> VideoRequest:
    """Return what was typed, validated; raises `RecipeError`.

    ``painting`` and ``part`` are the command's options by name, ``recipe`` the typed fields of a `Recipe`.
    """
    if not files:
        raise RecipeError(
            "Give a clip and a painting, as in: impasto video clip.mp4 painting.jpg -o painted.mp4."
        )
    clip, *positional = files
    times, names = timed_files([*map(str, positional), *styles], "--style")
    keyframe_times, keyframes = timed_files(painting["keyframe"] or (), "--keyframe", required=True)
    fields: dict[str, Any] = {
        name: painting[name] for name in ("method", "network", "roughness", "loop", "keyframes")
    }
    fields |= {name: recipe[name] for name in SHARED if name in recipe}
    rest = {name: value for name, value in recipe.items() if name not in SHARED}
    if rest:
        refuse_recipe_of_fast(painting["method"], rest)
        make_recipe(**rest)
        fields["recipe"] = rest
    if "mix" in fields:
        fields["mix"] = read_mix(",".join(fields["mix"]), max(1, len(names)))
    fields |= {
        "style_times": times,
        "keyframe_files": tuple(zip(keyframe_times, keyframes, strict=True)),
        "strength": painting["how_strong"],
        "start": 0.0 if part["first"] is None else parse_seconds(part["first"], "--from"),
        "stop": None if part["last"] is None else parse_seconds(part["last"], "--to"),
        "fps": part["fps"],
        "size": part["longest"],
    }
    settings = VideoSettings.make(fields)
    output = choice.out or default_output(clip, names)
    choose_format(output, choice.codec, choice.bits, choice.chroma, choice.crf)
    guides = Guides(
        tuple(word_or_path(text) for text in painting["mask"] or ()),
        protect=None if painting["protect"] is None else word_or_path(painting["protect"]),
    )
    return VideoRequest(clip, names, settings, output, choice, guides)


def stored_request(choice: OutputChoice) -> VideoRequest:
    """Return the request of the unfinished run of ``choice.out``; raises `ResumeError` if there is none."""
    if choice.out is None:
        raise RecipeError("--resume needs the clip that is unfinished: give it with -o.")
    folder = journal_path(choice.out)
    run = read_run(folder)
    try:
        inputs = run["inputs"]
        return VideoRequest(
            Path(inputs["clip"]),
            tuple(str(style) for style in inputs["styles"]),
            VideoSettings.make(run["settings"]),
            choice.out,
            choice,
            Guides.from_json(run["guides"]),
            ClipFormat(**run["format"]),
        )
    except (KeyError, TypeError) as error:
        raise ResumeError(f"'{folder}' is damaged; start afresh with --restart.") from error


def timed_files(
    words: Sequence[str], option: str, *, required: bool = False
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return the seconds and names in words like ``10:b.jpg``; no seconds at all if none has them.

    Raises `RecipeError` if only some have seconds, or none has where they are ``required``.
    """
    times, names = [], []
    for word in words:
        match = None if Path(word).exists() else TIMED.fullmatch(word)
        names.append(match[2] if match else word)
        if match:
            times.append(float(match[1]))
    if times and len(times) != len(names):
        raise RecipeError(
            f"Some of the pictures of {option} have seconds and some have none; give all or none."
        )
    if required and names and not times:
        raise RecipeError(
            f"{option} is '{words[0]}'; give the second that it shows and the file, as in 2.5:frame.png."
        )
    return tuple(times), tuple(names)


def parse_seconds(text: str, option: str) -> float:
    """Return the seconds in ``90``, ``1:30`` or ``0:01:30``; raises `RecipeError`."""
    match = CLOCK.fullmatch(text)
    if match:
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])
    try:
        return float(text)
    except ValueError:
        raise RecipeError(
            f"{option} is '{text}'; give seconds such as 90.5, or a time such as 1:30."
        ) from None


def refuse_recipe_of_fast(method: str, recipe: Mapping[str, Any]) -> None:
    """Raise `RecipeError` if the method has no use for the fields of a recipe."""
    if method == "fast":
        name = next(iter(recipe)).replace("_", "-")
        raise RecipeError(f"The method fast has no --{name}; leave it out, or give --method optimize.")


def default_output(clip: Path, styles: Sequence[str]) -> Path:
    """Return a free name for the painted clip, in the container of the clip if it can be written."""
    suffix = clip.suffix.lower() if clip.suffix.lower() in CONTAINERS else ".mp4"
    stem = joined_stem([clip.stem.replace("%", ""), *(Path(style).stem for style in styles)])
    output = free(Path(f"{stem}{suffix}"))
    number = 1
    while journal_path(output).exists():
        number += 1
        output = free(Path(f"{stem}-{number}{suffix}"))
    return output


def sidecar_of(output: Path) -> Path:
    """Return the path of the settings' JSON file."""
    return beside(output, "json")
