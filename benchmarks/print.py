"""What exact tiles cost, whether their borders show, and how much a painting in its own style changes.

python benchmarks/print.py cost [--size 2048] [--tile 1536] [--rounds 2]
python benchmarks/print.py seams --size 1024 --tile 256
python benchmarks/print.py identity --size 384
python benchmarks/print.py memory --photo large.jpg --size 12247
python benchmarks/print.py fast-memory --photo large.jpg

The two of memory paint only three tiles of every pass, because a tile's memory is free again when it is done; all
else has its full size. Their pictures are not paintings.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import impasto
import impasto.imaging.tiles as tiles_module
import impasto.optimize.build as build_module
import impasto.optimize.tiles.encode as encode_module
import impasto.optimize.tiles.grid as grid_module
from common import pair
from impasto.encoders import open_encoder, tune_process
from impasto.encoders.halo import halo_of
from impasto.feedforward.stylizer import Stylizer
from impasto.imaging import read_picture, resize
from impasto.optimize import Finished, Painter, make_recipe, open_job
from impasto.optimize.build import build_objectives
from impasto.optimize.context import RunContext
from impasto.optimize.objective import Objective
from impasto.optimize.tiles.grid import make_grid


def objective(size: int, tile: int | None, kept: int | None) -> tuple[Objective, torch.Tensor]:
    """Return the objective of the finest scale and its image."""
    content, style = pair(2)
    start = resize(read_picture(content).pixels, (size * 2 // 3, size))
    recipe = make_recipe(size=size, start="content", tile=tile, views=1, scales=((size, 1),))
    job = open_job(recipe, start, [style])
    context = RunContext(job, torch.device(job.plan.device))
    scale = job.plan.scales[-1]
    if kept is not None and scale.tile:
        scale = replace(scale, kept=kept)
    inputs = context.scale_inputs(scale, (1.0,), torch.Generator())
    (found,) = build_objectives(inputs, job.term_factories).values()
    return found, start.clone().requires_grad_()


def cost(size: int, tile: int, rounds: int) -> None:
    """Print the processor time of a gradient in tiles, relative to the whole, A B A B."""
    whole, image = objective(size, None, None)
    kept, twice = objective(size, tile, 10**6)[0], objective(size, tile, 0)[0]
    ways = {"whole": whole, "tiles, activations kept": kept, "tiles, forward twice": twice}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.process_time()
            way.evaluate(image)
            times[name].append(time.process_time() - start)
            print(name, f"{times[name][-1]:.2f} s of processor time", flush=True)
    base = statistics.median(times["whole"])
    for name, found in times.items():
        print(f"{name}: {statistics.median(found) / base:.3f} of the whole")


def identity(size: int) -> None:
    """Print the PSNR of a painting that is content and style at once, after runs of several kinds."""
    _, style = pair(2)
    original = read_picture(style, longest=size).pixels
    ways: tuple[dict[str, Any], ...] = (
        {"start": "content"},
        {"start": "fast"},
        {"start": "content", "scales": ((size, 20),)},
        {"start": "content", "scales": ((size, 10),), "optimizer": "lbfgs"},
    )
    for way in ways:
        result = impasto.stylize(style, style, size=max(original.shape[2:]), **way)
        error = float((result.pixels - original).square().mean())
        print(
            f"{way}: PSNR {-10 * math.log10(max(error, 1e-12)):.2f} dB",
            flush=True,
        )


def seams(size: int, tile: int) -> None:
    """Print the gradient energy of a tiled picture relative to the whole one, across tile borders and elsewhere."""
    content, style = pair(0)
    whole = impasto.stylize(content, style, size=size, steps=10).pixels
    tiled = impasto.stylize(content, style, size=size, steps=10, tile=tile).pixels
    height, width = whole.shape[2:]
    halo = halo_of(open_encoder("compact"), ["relu1_1", "relu5_1"])
    grid = make_grid(height, width, tile, halo)
    borders = {
        2: sorted({tile.rows.start for tile in grid.tiles} - {0}),
        3: sorted({tile.columns.start for tile in grid.tiles} - {0}),
    }
    for axis, starts in borders.items():
        energies = [image.diff(dim=axis).square().mean((0, 1, 5 - axis)) for image in (whole, tiled)]
        at = torch.zeros_like(energies[0], dtype=torch.bool)
        at[[start - 1 for start in starts]] = True
        across, inside = (float(energies[1][m].sum() / energies[0][m].sum()) for m in (at, ~at))
        print(f"{'rows' if axis == 2 else 'columns'} {starts}: across {across:.4f}, elsewhere {inside:.4f}")


def peak() -> str:
    """Return the most memory that the process has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return (
        f"peak {next(int(line.split()[1]) for line in lines if line.startswith('VmHWM')) * 1024 / 1e9:.2f} GB"
    )


def memory(photo: Path, size: int, tile: int) -> None:
    """Print the peak of a step at ``size``, of three tiles a pass, and of writing the picture."""
    real = grid_module.make_grid

    def few(*given: Any) -> Any:
        grid = real(*given)
        return replace(grid, tiles=grid.tiles[:3])

    build_module.make_grid = encode_module.make_grid = few  # type: ignore[attr-defined]
    scales = ((1024, 1), (size, 1))
    recipe = make_recipe(size=size, tile=tile, base=1024, scales=scales, steps=None)
    start = read_picture(photo, longest=1024)  # stands for the picture of one pass, which has this size
    job = open_job(recipe, photo, [pair(2)[1]], start=start)
    print(f"read, {peak()}; the plan says {job.plan.memory / 1e9:.2f} GB", flush=True)
    for event in Painter(job).events():
        print(type(event).__name__, peak(), f"{time.process_time():.0f} s of processor time", flush=True)
        if isinstance(event, Finished):
            with tempfile.TemporaryDirectory() as folder:
                event.result.save(Path(folder) / "picture.tiff")
            print("written", peak())


def fast_memory(photo: Path) -> None:
    """Print the peak of a one-pass painting of ``photo``, of three tiles a size, and of writing it."""
    real = tiles_module.product
    tiles_module.product = lambda *given: list(real(*given))[:3]  # type: ignore[attr-defined]
    result = Stylizer().paint(photo, [pair(2)[1]])
    print(f"painted, {peak()}, {time.process_time():.0f} s of processor time", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        result.save(Path(folder) / "picture.tiff")
    print("written", peak())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("cost", "seams", "identity", "memory", "fast-memory"))
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--tile", type=int, default=1536)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--photo", type=Path)
    options = parser.parse_args()
    tune_process()
    torch.set_num_threads(1)
    if options.what == "cost":
        cost(options.size, options.tile, options.rounds)
    elif options.what == "seams":
        seams(options.size, options.tile)
    elif options.what == "memory":
        memory(options.photo, options.size, options.tile)
    elif options.what == "fast-memory":
        fast_memory(options.photo)
    else:
        identity(options.size)


if __name__ == "__main__":
    main()
