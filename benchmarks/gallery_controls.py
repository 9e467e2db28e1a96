"""Pictures of docs/control.md: one sheet per control, from the photographs and plates of gallery.py.

python benchmarks/gallery_controls.py [--out docs/gallery] [--size 448] [--only mix,regions,...]
"""

from __future__ import annotations

from collections.abc import Callable

import numpy
from PIL import Image, ImageDraw

import impasto
from gallery import sheet, sheet_options
from impasto.cli.demo import photo_path
from impasto.guidance import Guides
from impasto.plates import paint

SIZE = 448
HEIGHT = 230


def photo(name: str) -> Image.Image:
    """Return one of scikit-image's photographs."""
    return Image.open(photo_path(name)).convert("RGB")


def plate(name: str) -> Image.Image:
    """Return one of impasto's plates."""
    return paint(name, 640)


def run(content: Image.Image | None, styles: list[Image.Image], **settings: object) -> Image.Image:
    """Return the painted picture."""
    return impasto.stylize(content, styles, **{"size": SIZE, **settings}).image.convert("RGB")


def strength() -> Image.Image:
    """Strength 0, .25, .5, 1 and 2."""
    return sheet(
        [run(photo("astronaut"), [plate("swirls")], strength=s) for s in (0.0, 0.25, 0.5, 1.0, 2.0)],
        HEIGHT,
        5,
    )


def stroke() -> Image.Image:
    """Stroke .5, 1, 2 and 3."""
    return sheet(
        [run(photo("coffee"), [plate("swirls")], stroke=s, strength=1.0) for s in (0.5, 1.0, 2.0, 3.0)],
        HEIGHT,
        4,
    )


def mix() -> Image.Image:
    """The cross-fader from the second style to the first."""
    styles = [plate("swirls"), plate("woodcut")]
    return sheet(
        [run(photo("coffee"), styles, mix=g, strength=0.9) for g in (0.0, 0.25, 0.5, 0.75, 1.0)], HEIGHT, 5
    )


def share() -> Image.Image:
    """Everywhere, coarse from the first and fine from the second, and the other way round."""
    one, two = plate("glass"), plate("points")
    pairs = (([one, two], {}), ([one, two], {"share": "layers"}), ([two, one], {"share": "layers"}))
    return sheet([run(photo("coffee"), styles, **settings) for styles, settings in pairs], HEIGHT, 3)


def masks() -> Image.Image:
    """A style on the left, another on the right, smooth between; and a spot in the middle."""
    styles = [plate("swirls"), plate("ink")]
    found = [run(photo("rocket"), styles, guides=Guides(masks=(word,))) for word in ("left", "centre")]
    return sheet(found, HEIGHT, 2)


def protect() -> Image.Image:
    """The face is protected."""
    astronaut = photo("astronaut")
    mask = Image.new("L", astronaut.size)
    ImageDraw.Draw(mask).ellipse((150, 20, 300, 215), fill=255)
    soft = numpy.asarray(mask.resize((64, 64)).resize(astronaut.size, Image.Resampling.BICUBIC))
    kept = run(astronaut, [plate("swirls")], strength=0.8, guides=Guides(protect=soft))
    return sheet([astronaut, Image.fromarray(soft).convert("RGB"), kept], HEIGHT, 3)


def regions() -> Image.Image:
    """Colour-coded maps: red takes the red half of the plate, blue the blue one."""
    content, style = photo("coffee"), plate("woodcut")
    here, there = Image.new("RGB", content.size, "blue"), Image.new("RGB", style.size, "blue")
    ImageDraw.Draw(here).ellipse((70, 20, 490, 370), fill="red")
    ImageDraw.Draw(there).rectangle((0, style.height // 2, style.width, style.height), fill="red")
    painted = run(content, [style], strength=1.0, guides=Guides(regions=here, style_regions=(there,)))
    return sheet([here, style, there, painted], HEIGHT, 4)


def colors() -> Image.Image:
    """The style's colours, half of each, the photograph's, and its distribution matched."""
    content, style = photo("coffee"), [plate("swirls")]
    found = [run(content, style, colors=share) for share in (0.0, 0.5, 1.0)]
    found.append(run(content, style, colors=1.0, color_method="symmetric"))
    return sheet([content, *found], HEIGHT, 5)


def seamless() -> Image.Image:
    """A texture four times: with a seam, and wrapped around."""
    tiles = []
    for wrapped in (False, True):
        tile = run(None, [plate("swirls")], size=256, aspect=1.0, start="style", seamless=wrapped)
        page = Image.new("RGB", (512, 512))
        for x in (0, 256):
            for y in (0, 256):
                page.paste(tile, (x, y))
        tiles.append(page)
    return sheet(tiles, 400, 2)


def sizes() -> Image.Image:
    """The same picture at 512 px and at 2048 px (scaled down), and details of both."""
    content, style = photo("coffee").resize((2400, 1600)), plate("swirls")
    small, large = (run(content, [style], size=size) for size in (512, 2048))
    half = small.width // 2
    detail = (half, 100, half + 100, 170)
    crops = [
        picture.crop(tuple(value * picture.width // small.width for value in detail)).resize((400, 280))
        for picture in (small, large)
    ]
    return sheet([small, large.resize(small.size, Image.Resampling.LANCZOS), *crops], HEIGHT, 4)


SHEETS: dict[str, Callable[[], Image.Image]] = {
    function.__name__: function
    for function in (strength, stroke, mix, share, masks, protect, regions, colors, seamless, sizes)
}


def main() -> None:
    options = sheet_options(__doc__, SHEETS)
    for name in options.only:
        SHEETS[name]().save(options.out / f"control-{name}.jpg", quality=86)
        print(name, flush=True)


if __name__ == "__main__":
    main()
