"""Estimates of memory, and the choice of tiles for what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch

from impasto.encoders import Encoder
from impasto.encoders.halo import halo_of
from impasto.imaging.print_sizes import Size
from impasto.imaging.scratch import LEAST_BYTES
from impasto.losses.registry import STYLE_LOSSES
from impasto.losses.tiled import refuse_tiles, style_loss_tiles
from impasto.optimize.optimizers.registry import OPTIMIZERS
from impasto.optimize.recipe import Recipe
from impasto.optimize.tiles.grid import Grid, make_grid

# Measured by benchmarks/memory.py: the memory of Python and torch before the first image.
BASE_BYTES = 335_000_000
# A gradient takes this many times the stored activations, also measured: gradients of the largest layers, and gaps.
GRADIENT = 1.7
# 12 float32 RGB images, also measured: images, Adam's moments, the moving average, snapshots of the last good state.
PIXEL_BYTES = 3 * 4 * 12
# Pictures of more pixels than this lie in files on a CPU, and in tiles nothing of their size is in memory. The bands of
# rows, what the system maps of the files, and the encoder of the first scales take this much; the gradient of a tile
# takes this many times its activations, because freed memory has gaps. Both were measured at 12247x8165, tiles of 1024
# and 1536 (benchmarks/print.py). Untiled, three images less than otherwise are in memory.
FILE_BYTES, IN_FILES = 3 * 4 * 3, LEAST_BYTES // 12
BANDS_BYTES, GRADIENT_IN_FILES = 700_000_000, 3.1
# A run whose picture lies in files takes no more than this by estimate if tiles can do it: more memory hardly saves
# time. A whole run of 100 megapixels took a fifth more than its estimate, and has to stay below 4 GB.
FILES_MEMORY = 3_000_000_000
# Share of the free memory that a run may use.
MEMORY_MARGIN = 0.9
# Sides of tiles that a plan chooses from: larger ones have less context to compute.
TILE_SIDES = (4096, 3072, 2048, 1536, 1280, 1024, 768, 512)
# Activations of tiles that may stay in memory between the two passes; the others are computed twice.
KEPT_BYTES = 2 << 30
# Keeping fewer of the tiles than this share saves hardly any time.
LEAST_KEPT = 1 / 8


@dataclass(frozen=True)
class ScalePlan:
    """One scale: its size, the sizes of the style images, and its steps.

    ``macs_per_pass`` are the multiply-adds of one forward pass of the encoder. Those of a loss that matches patches,
    which happens once a step, count by half; context and repeated passes of tiles count too. With ``tile``, the scale
    is painted in tiles of that side, and ``kept`` of them keep their activations between the two passes.
    """

    height: int
    width: int
    styles: tuple[Size, ...]
    steps: int
    macs_per_pass: int
    tile: int | None = None
    kept: int = 0


def place_tiles(
    recipe: Recipe, encoder: Encoder, scale: ScalePlan, layers: Sequence[str], available: int | None
) -> ScalePlan:
    """Return ``scale`` with the tiles that ``recipe`` asks for, or that ``available`` bytes of memory need.

    Raises `RecipeError` if the recipe asks for tiles and its style loss cannot have them.
    """
    able = style_loss_tiles(recipe.style_loss) or not any(recipe.style_layers.values())
    if recipe.tile is not None:
        if not able:
            raise refuse_tiles(recipe.style_loss)
        if max(scale.height, scale.width, *(side for style in scale.styles for side in style)) <= recipe.tile:
            return scale
        return _with_kept(recipe, encoder, replace(scale, tile=recipe.tile), layers, available)
    if available is None or not able:
        return scale
    room = MEMORY_MARGIN * available
    if estimate_memory(recipe, encoder, scale, layers) <= room:
        return scale
    sides = [side for side in TILE_SIDES if side < max(scale.height, scale.width)]
    for side in sides:
        tiled = replace(scale, tile=side)
        if estimate_memory(recipe, encoder, tiled, layers) <= room:
            return _with_kept(recipe, encoder, tiled, layers, available)
    return _with_kept(recipe, encoder, replace(scale, tile=sides[-1]), layers, available) if sides else scale


def place_tiles_in(
    recipe: Recipe, encoder: Encoder, scale: ScalePlan, layers: Sequence[str], rooms: Sequence[int | None]
) -> ScalePlan:
    """Return `place_tiles` of ``scale`` in the first of ``rooms`` (bytes) that it fits into, or in the last."""
    for room in rooms:
        placed = place_tiles(recipe, encoder, scale, layers, room)
        if room is None or estimate_memory(recipe, encoder, placed, layers) <= MEMORY_MARGIN * room:
            break
    return placed


def rooms_of(encoder: Encoder, largest: ScalePlan, available: int | None) -> list[int | None]:
    """Return the bytes of memory that tiles are chosen for in a run with the last scale ``largest``, the best first."""
    if available is None or not _in_files(encoder, largest):
        return [available]
    # Features in float32 need more than those in bfloat16, so a third more and twice as much come before all memory.
    rooms = [round(factor * FILES_MEMORY / MEMORY_MARGIN) for factor in (1, 4 / 3, 2)]
    return [*(min(available, room) for room in rooms), available]


def _with_kept(
    recipe: Recipe, encoder: Encoder, scale: ScalePlan, layers: Sequence[str], available: int | None
) -> ScalePlan:
    """Return ``scale`` with as many tiles that keep their activations as fit."""
    grid = scale_grid(encoder, scale, layers)
    tile = tile_bytes(encoder, grid, layers)
    spare = KEPT_BYTES
    if available is not None:
        needed = estimate_memory(recipe, encoder, replace(scale, kept=0), layers)
        spare = min(spare, int(MEMORY_MARGIN * available) - needed)
    count = len(grid.tiles)
    kept = max(0, min(count, spare // tile))
    kept = kept if kept >= LEAST_KEPT * count else 0
    # Context is computed as well, and tiles that are not kept are computed forward twice.
    passes = 1 + (1 - kept / count) / 2
    return replace(scale, kept=kept, macs_per_pass=round(scale.macs_per_pass * grid.overhead * passes))


def scale_grid(encoder: Encoder, scale: ScalePlan, layers: Sequence[str]) -> Grid:
    """Return the tiles of a scale."""
    assert scale.tile is not None
    return make_grid(scale.height, scale.width, scale.tile, halo_of(encoder, layers))


def tile_bytes(encoder: Encoder, grid: Grid, layers: Sequence[str]) -> int:
    """Return the bytes of the activations of the largest tile."""
    side = max(16, round(grid.largest**0.5))
    return encoder.activation_floats(side, side, layers) * _item(encoder)


def estimate_memory(recipe: Recipe, encoder: Encoder, scale: ScalePlan, layers: Sequence[str]) -> int:
    """Return the peak bytes at ``scale``: activations stored for the gradient, their gradient, images and state."""
    item = _item(encoder)
    pixels = scale.height * scale.width
    if scale.tile is None:
        whole, encoded = pixels, encoder.activation_floats(scale.height, scale.width, layers) * item
        style = max((encoder.activation_floats(h, w, layers) for h, w in scale.styles), default=0) * item
    else:
        grid = scale_grid(encoder, scale, layers)
        whole, encoded, style = grid.largest, tile_bytes(encoder, grid, layers), 0
    image, gradient = pixels * (PIXEL_BYTES + OPTIMIZERS[recipe.optimizer].bytes_per_pixel), GRADIENT
    # Content targets are stored for every view. Statistics need two float32 copies of each layer, in bfloat16 none.
    targets = recipe.views * item * _floats(encoder, set(recipe.content_layers) & set(layers), pixels)
    if _in_files(encoder, scale):
        image, targets = image - pixels * FILE_BYTES, 0
        if scale.tile is not None:
            image = BANDS_BYTES + pixels * OPTIMIZERS[recipe.optimizer].bytes_per_pixel
            gradient = GRADIENT_IN_FILES
    copies = 0 if encoder.dtype == torch.bfloat16 else 2 * 4 * _floats(encoder, layers, whole)
    # Matching patches needs float32 copies of both images' features and a gradient, whatever the encoder's dtype.
    copies += 3 * 4 * _floats(encoder, patch_layers(recipe, layers), pixels)
    working = max(int(gradient * encoded) + copies, style) + scale.kept * encoded
    return BASE_BYTES + working + targets + image


def _in_files(encoder: Encoder, scale: ScalePlan) -> bool:
    """Return whether images of a scale lie in files."""
    on_cpu = next(encoder.parameters()).device.type == "cpu"
    return on_cpu and scale.height * scale.width > IN_FILES


def patch_layers(recipe: Recipe, layers: Collection[str]) -> list[str]:
    """Return those of ``layers`` at which the style loss matches patches."""
    if STYLE_LOSSES[recipe.style_loss].patch == 1:
        return []
    return [layer for layer in layers if recipe.style_layers.get(layer)]


def _item(encoder: Encoder) -> int:
    return torch.empty((), dtype=encoder.dtype).element_size()


def _floats(encoder: Encoder, layers: Collection[str], pixels: int) -> int:
    """Return how many numbers the features of ``layers`` have for an image of ``pixels`` pixels."""
    infos = (encoder.layers[name] for name in set(encoder.resolve(layers).values()))
    return sum(layer.channels * pixels // layer.stride**2 for layer in infos)
