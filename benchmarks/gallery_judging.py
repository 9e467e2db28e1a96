"""Pictures of docs/judging.md: what each measure catches, with its values under the panels.

    python benchmarks/gallery_judging.py [--out docs/gallery] [--only style,content,...]

The photographs ship with scikit-image; impasto paints the plates. Values are measured through VGG-19 if its weights are
here. Prints every value.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from common import read
from gallery import sheet_options
from impasto import OnePassSettings, Stylizer, stylize
from impasto.cli.demo import photo_path
from impasto.encoders import Encoder
from impasto.imaging import match_colors, read_picture, resize, to_image
from impasto.metrics import MEASURES, STYLE5_LAYERS, choose_judging_encoder, judge, size_consistency
from impasto.plates import paint

SIZE = 384
HEIGHT, LINE, GAP = 190, 17, 8
MOST_BYTES = 60_000


@dataclass(frozen=True)
class Shown:
    """One panel: pixels `(1, 3, H, W)` and the lines under it."""

    pixels: Tensor
    lines: tuple[str, ...]


@cache
def judging() -> Encoder:
    """Return the encoder that measures."""
    return choose_judging_encoder().open()


@cache
def photo(name: str, size: int = SIZE) -> Tensor:
    """Return one of scikit-image's photographs."""
    return read(photo_path(name), size)


@cache
def plate(name: str) -> Tensor:
    """Return one of impasto's plates at the size of the pictures."""
    return read_picture(paint(name, SIZE)).pixels


@cache
def painted(
    content: str, style: str, strength: float = 0.5, layers: tuple[str, ...] = (), *, smooth: bool = True
) -> Tensor:
    """Return a picture painted by optimisation.

    ``layers`` are the style layers, of equal weight. Without ``smooth``, Adam's steps are not blurred.
    """
    own: dict[str, Any] = {"style_layers": dict.fromkeys(layers, 1.0)} if layers else {}
    own["smooth_steps"] = smooth
    return stylize(photo(content), plate(style), size=SIZE, strength=strength, **own).pixels


def measured(title: str, picture: Tensor, content: str, style: str, names: Sequence[str]) -> Shown:
    """Return a panel with the title and these measures of the picture."""
    scores = judge(picture, photo(content), plate(style), judging(), max(picture.shape[2:]), names)
    values = tuple(f"{MEASURES[name].heading} {scores[name]:.2f}" for name in names if name in scores)
    print(f"{title}: {', '.join(values)}", flush=True)
    return Shown(picture, (title, *values))


def crop(picture: Tensor, left: float, top: float, side: int, zoom: int) -> Tensor:
    """Return a square of ``side`` pixels, enlarged by whole pixels."""
    y, x = round(top * picture.shape[2]), round(left * picture.shape[3])
    return picture[..., y : y + side, x : x + side].repeat_interleave(zoom, 2).repeat_interleave(zoom, 3)


def style() -> list[Shown]:
    """The plate, a picture with fine layers only, and one with all five."""
    names = ("style5", "relu1_1", "relu5_1")
    fine = painted("coffee", "swirls", 1.2, STYLE5_LAYERS[:2])
    whole = painted("coffee", "swirls", 1.2, STYLE5_LAYERS)
    return [
        Shown(plate("swirls"), ("style image",)),
        measured("style of two fine layers", fine, "coffee", "swirls", names),
        measured("style of five layers", whole, "coffee", "swirls", names),
    ]


def content() -> list[Shown]:
    """The photograph, the same with little contrast, and a painting."""
    names = ("content", "Lc", "ssim")
    pale = 0.3 + 0.4 * photo("coffee")
    strong = painted("coffee", "swirls", strength=2.0)
    return [
        measured("photograph", photo("coffee"), "coffee", "swirls", names),
        measured("little contrast", pale, "coffee", "swirls", names),
        measured("strength 2", strong, "coffee", "swirls", names),
    ]


def untrained() -> list[Shown]:
    """Colours alone, and a painting."""
    names = ("style5", "Ls", "sliced")
    recoloured = match_colors(photo("coffee"), plate("swirls"), "histogram")
    return [
        measured("photograph", photo("coffee"), "coffee", "swirls", names),
        measured("the style's colours only", recoloured, "coffee", "swirls", names),
        measured("painted, strength 1", painted("coffee", "swirls", strength=1.0), "coffee", "swirls", names),
    ]


@cache
def one_pass(network: str, content: str, size: int = SIZE) -> Tensor:
    """Return a picture of a network that ships."""
    return Stylizer(network).paint(photo(content, size), settings=OnePassSettings(size=size)).pixels


def panel_crop(shown: Shown, left: float, top: float, side: int, zoom: int) -> Shown:
    """Return the panel with a detail of its picture."""
    return Shown(crop(shown.pixels, left, top, side, zoom), shown.lines)


def checkerboard() -> list[Shown]:
    """Details of single pixels: photograph, painting, and a painting whose steps were not blurred."""
    rows = (
        ("photograph", photo("chelsea")),
        ("optimised", painted("chelsea", "swirls")),
        ("without smooth steps", painted("chelsea", "swirls", smooth=False)),
    )
    return [
        panel_crop(measured(title, picture, "chelsea", "swirls", ("checkerboard",)), 0.05, 0.1, 48, 4)
        for title, picture in rows
    ]


def repetition() -> list[Shown]:
    """Details of a sky: photograph, one-pass pictures, optimised picture."""
    rows = (
        ("photograph", photo("rocket")),
        ("one pass (baby-cradle)", one_pass("baby-cradle", "rocket")),
        ("one pass (vaporwave)", one_pass("vaporwave", "rocket")),
        ("optimised", painted("rocket", "swirls", strength=0.8)),
    )
    return [
        panel_crop(measured(title, picture, "rocket", "swirls", ("repetition",)), 0.6, 0.05, 128, 2)
        for title, picture in rows
    ]


def noise() -> list[Shown]:
    """Details of a painting, and of the same with grain."""
    picture = painted("coffee", "swirls", strength=1.0)
    grain = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    rows = (
        ("style image", plate("swirls")),
        ("painted", picture),
        ("painted, with grain", (picture + 0.06 * grain).clamp(0, 1)),
    )
    return [
        panel_crop(measured(title, one, "coffee", "swirls", ("noise",)), 0.4, 0.3, 96, 2)
        for title, one in rows
    ]


def sizes() -> list[Shown]:
    """A one-pass picture at two sizes, and a large optimised picture compared with a small one."""
    stylizer = Stylizer()
    small, large = (
        stylizer.paint(photo("coffee", size), [plate("swirls")], OnePassSettings(size=size)).pixels
        for size in (512, 1536)
    )
    optimised = [stylize(photo("coffee", size), plate("swirls"), size=size).pixels for size in (512, 1024)]
    shown = [Shown(small, ("one pass, 512 pixels",))]
    for title, one, other in (
        ("one pass, 1536 pixels", small, large),
        ("optimised, 1024 against 512", *optimised),
    ):
        consistency = size_consistency(one, other, plate("swirls"), judging(), 512)
        lines = (
            title,
            f"STYLE5 between {consistency['style5_between']:.2f}, change {consistency['style5_change']:.2f}",
            f"Lab difference {consistency['layout']:.1f}",
        )
        print("; ".join(lines), flush=True)
        shown.append(Shown(resize(other, (small.shape[2], small.shape[3])), lines))
    return shown


SHEETS: dict[str, Callable[[], list[Shown]]] = {
    function.__name__: function
    for function in (style, content, untrained, checkerboard, repetition, noise, sizes)
}


def sheet(panels: Sequence[Shown]) -> Image.Image:
    """Return the panels side by side at one height, each with its lines below."""
    font = ImageFont.load_default(13)
    pictures = [to_image(panel.pixels, None).convert("RGB") for panel in panels]
    small = [
        one.resize((round(one.width * HEIGHT / one.height), HEIGHT), Image.Resampling.LANCZOS)
        for one in pictures
    ]
    most = max(len(panel.lines) for panel in panels)
    page = Image.new(
        "RGB", (sum(one.width + GAP for one in small) - GAP, HEIGHT + GAP + most * LINE), "white"
    )
    pen, left = ImageDraw.Draw(page), 0
    for panel, one in zip(panels, small, strict=True):
        page.paste(one, (left, 0))
        for index, line in enumerate(panel.lines):
            pen.text((left, HEIGHT + 4 + index * LINE), line, fill="black", font=font)
        left += one.width + GAP
    return page


def encoded(page: Image.Image) -> bytes:
    """Return the page as JPEG of at most 60 kB."""
    for quality in range(90, 30, -4):
        data = io.BytesIO()
        page.save(data, "JPEG", quality=quality, optimize=True)
        if data.tell() <= MOST_BYTES:
            break
    return data.getvalue()


def main() -> None:
    options = sheet_options(__doc__, SHEETS)
    for name in options.only:
        (options.out / f"judging-{name}.jpg").write_bytes(encoded(sheet(SHEETS[name]())))


if __name__ == "__main__":
    main()
