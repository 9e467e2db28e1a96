"""Contact sheet: the pictures of a batch in a grid, with labels."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from impasto.batch.items import BatchItem
from impasto.batch.places import local_path, name_of, read_bytes
from impasto.batch.report import BatchRow
from impasto.errors import ImpastoError, OutputError, RecipeError
from impasto.imaging import check_writable, open_image, srgb_profile, write_bytes_atomic

# Longer side of a picture on the sheet, the space between two, and the text, in pixels.
CELL, GAP, TEXT = 320, 12, 18
MOST_CELLS = 1000
# A grid with more cells than this for each picture is mostly empty, and may be too large for memory.
EMPTIEST = 2
PAPER, INK, MISSING = (255, 255, 255), (40, 40, 40), (225, 225, 225)


@dataclass(frozen=True)
class _Axes:
    """The grid: which item is in which row and column, and what stands beside and above."""

    rows: list[str]
    columns: list[str]
    cells: dict[tuple[int, int], int]


def check_sheet(path: Path, count: int) -> None:
    """Raise `RecipeError` or `OutputError` if the sheet of `count` pictures cannot be written to `path`."""
    check_writable(path)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise RecipeError(f"A contact sheet is a .png, .jpg or .webp file, not '{path.suffix}'.")
    if count > MOST_CELLS:
        raise RecipeError(
            f"A contact sheet holds up to {MOST_CELLS} pictures, not {count}; paint fewer at a time."
        )


def write_sheet(path: Path, items: Sequence[BatchItem], rows: Sequence[BatchRow]) -> Path:
    """Write the pictures of `rows` as a grid; those that are not there are grey. Return the path.

    Columns are the values of the last setting that is varied, or else the styles; rows are everything else. Without
    either, or where that would not give each picture a cell in a well filled grid, the pictures follow one another.
    Raises `OutputError` if the sheet cannot be written.
    """
    axes = _axes(items)
    thumbnails = [_thumbnail(row.out) if row.state in ("painted", "finished") else None for row in rows]
    sizes = [image.size for image in thumbnails if image is not None] or [(CELL, CELL)]
    width, height = (max(size[axis] for size in sizes) for axis in (0, 1))
    font = ImageFont.load_default(TEXT)
    margin = max((_text_width(font, label) for label in axes.rows), default=0)
    left = GAP + (margin + GAP if margin else 0)
    top = GAP + (TEXT + GAP if any(axes.columns) else 0)
    step_x, step_y = width + GAP, height + GAP
    sheet = Image.new("RGB", (left + step_x * len(axes.columns), top + step_y * len(axes.rows)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, label in enumerate(axes.columns):
        draw.text((left + column * step_x + width / 2, GAP), _cut(font, label, width), INK, font, anchor="mt")
    for row, label in enumerate(axes.rows):
        draw.text((GAP, top + row * step_y + height / 2), label, INK, font, anchor="lm")
    for (row, column), index in axes.cells.items():
        x, y = left + column * step_x, top + row * step_y
        image = thumbnails[index]
        if image is None:
            draw.rectangle((x, y, x + width - 1, y + height - 1), MISSING)
            draw.text(
                (x + width / 2, y + height / 2), _cut(font, rows[index].state, width), INK, font, anchor="mm"
            )
        else:
            sheet.paste(image, (x + (width - image.width) // 2, y + (height - image.height) // 2))
    return write_bytes_atomic(path, _encoded(sheet, path))


def _axes(items: Sequence[BatchItem]) -> _Axes:
    """Return the grid of the items: the last varied setting, or the style, goes across."""
    described = [_description(item) for item in items]
    varied = [name for name in described[0] if len({labels.get(name) for labels in described}) > 1]
    if varied in ([], ["content"]):
        return _in_turn(len(items))
    last = varied[-1]
    columns = list(dict.fromkeys(labels[last] for labels in described))
    keys = [tuple(labels[name] for name in varied[:-1]) for labels in described]
    rows = list(dict.fromkeys(keys))
    cells = {
        (rows.index(key), columns.index(labels[last])): i
        for i, (key, labels) in enumerate(zip(keys, described, strict=True))
    }
    # Rows of a manifest may differ in settings alone, which would share a cell, or have a style each.
    if len(cells) < len(items) or len(rows) * len(columns) > EMPTIEST * len(items):
        return _in_turn(len(items))
    names = [_labelled(varied[:-1], key) for key in rows]
    return _Axes(names, [_labelled([last], (value,)) for value in columns], cells)


def _in_turn(count: int) -> _Axes:
    """Return a grid without labels, as square as possible, in which pictures follow one another."""
    across = max(1, math.ceil(math.sqrt(count)))
    cells = {divmod(index, across): index for index in range(count)}
    return _Axes([""] * math.ceil(count / across), [""] * min(across, count), cells)


def _description(item: BatchItem) -> dict[str, str]:
    styles = " + ".join(Path(name_of(style)).stem for style in item.styles)
    return {"content": Path(name_of(item.content)).stem, "style": styles, **dict(item.labels)}


def _labelled(names: Sequence[str], values: Sequence[str]) -> str:
    """Return a label: names of pictures alone, settings with their names."""
    return ", ".join(
        value if name in ("content", "style") else f"{name.replace('_', ' ')} {value}"
        for name, value in zip(names, values, strict=True)
    )


def _thumbnail(place: str) -> Image.Image | None:
    """Return a picture on white with a longer side of at most `CELL`; None if it cannot be read."""
    try:
        path = local_path(place)
        data = read_bytes(place) if path is None else path.read_bytes()
        with open_image(io.BytesIO(data)) as image:
            image.draft("RGB", (CELL, CELL))
            picture = image.convert("RGBA") if image.mode in ("RGBA", "LA", "PA") else image.convert("RGB")
    except (ImpastoError, OSError, ValueError):
        return None
    picture.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, PAPER)
        paper.paste(picture, mask=picture.getchannel("A"))
        return paper
    return picture


def _text_width(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, text: str) -> int:
    return math.ceil(font.getlength(text))


def _cut(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, text: str, width: int) -> str:
    """Return the text, shortened in the middle to `width` pixels."""
    shown = text
    while _text_width(font, shown) > width and len(text) > 4:
        text = text[: len(text) // 2 - 1] + text[len(text) // 2 + 1 :]
        shown = f"{text[: len(text) // 2]}...{text[len(text) // 2 :]}"
    return shown


def _encoded(sheet: Image.Image, path: Path) -> bytes:
    from impasto.imaging import WRITABLE

    buffer = io.BytesIO()
    try:
        sheet.save(buffer, WRITABLE[path.suffix.lower()], quality=92, icc_profile=srgb_profile())
    except (OSError, ValueError) as error:  # WebP holds 16383 pixels a side, JPEG 65500
        raise OutputError(
            f"The contact sheet has {sheet.width}x{sheet.height} pixels, which {path.suffix} does not hold ({error}); "
            "give --sheet a .png file."
        ) from error
    return buffer.getvalue()
