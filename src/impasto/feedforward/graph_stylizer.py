"""Painting in one pass without importing torch: every step is an ONNX graph.

Importing torch takes longer than painting a picture. A `GraphStylizer` therefore runs graphs that were made of the
network once and lie in the user's cache folder. What it does not know itself it leaves to the `Stylizer`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy

from impasto.errors import OutputError
from impasto.feedforward.callbacks import ignore_build, ignore_progress
from impasto.feedforward.grain import card_grain
from impasto.feedforward.graph_files import StylizerGraphs, keep_graph
from impasto.feedforward.margin import card_margin
from impasto.feedforward.network_card import NetworkCard, mixing_weights
from impasto.feedforward.runtimes import RunGraph, open_graph
from impasto.feedforward.scales import ScaleProgress, paint_scales, paint_strongly, scale_sizes
from impasto.feedforward.settings import OnePassSettings
from impasto.feedforward.style_images import SMALLEST, StyleMemory, measured_side
from impasto.guidance import Guides
from impasto.guidance.result import ArrayResult, SavedPicture
from impasto.imaging import fit, read_planes, resize_array
from impasto.imaging.frame import DEFAULT_TILING, Frame
from impasto.imaging.framing import on_sheet, read_sized_planes
from impasto.imaging.planes import Array
from impasto.imaging.read_arrays import file_size

if TYPE_CHECKING:
    from impasto.feedforward.stylizer import Stylizer

Arrays = dict[str, Array]


class OpenedGraphs(NamedTuple):
    """The graphs of `StylizerGraphs`, being opened."""

    network: Future[RunGraph]
    style: Future[RunGraph]
    moments: Future[RunGraph] | None


class GraphStylizer:
    """A one-pass network whose every step is a graph, opened once for many picture files, on the processor.

    `model` is the network's card and `graphs` are its graphs' files. `runtime` is "openvino" or "onnxruntime". Graphs
    that are not in the cache are built when they are needed, which takes seconds; `on_build` is called before each
    with its number and their number. It paints what a `Stylizer` paints with that `backend`, to within rounding.
    Masks, pictures that need tiles and tiny style images are left to a `Stylizer`.
    """

    def __init__(
        self,
        model: NetworkCard,
        graphs: StylizerGraphs,
        runtime: str,
        *,
        bfloat16: bool = True,
        on_build: Callable[[int, int], None] = ignore_build,
    ) -> None:
        self.model = model
        self.graphs = graphs
        self.backend = runtime
        self.bfloat16 = bfloat16
        self.on_build = on_build
        self._memory = StyleMemory[Arrays]()
        if not graphs.missing:
            _ = self._opened  # starts now, and goes on while pictures are read

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles that the network was trained on; none if it takes any style image."""
        return self.model.names

    def check(
        self,
        styles: Sequence[str | Path] = (),
        settings: OnePassSettings | None = None,
        guides: Guides | None = None,
    ) -> None:
        """Raise what `paint` would raise for these styles and settings, with any content picture; builds no graphs."""
        resolved = self.model.resolve(settings or OnePassSettings())
        if _needs_stylizer(guides or Guides()):
            self.stylizer.check(styles, settings, guides)
        elif not self.graphs.missing:
            self.style_params(styles, resolved)
        else:
            chosen, _ = self._mixture(styles, resolved)
            for style in () if self.styles else chosen:
                read_planes(style)

    def paint(
        self,
        content: Path,
        styles: Sequence[str | Path] = (),
        settings: OnePassSettings | None = None,
        guides: Guides | None = None,
        on_progress: Callable[[int, int], None] = ignore_progress,
    ) -> SavedPicture:
        """Return `content` painted in `styles`, as `Stylizer.paint` does; raises what that raises."""
        guides = guides or Guides()
        start = time.perf_counter()
        settings = settings or OnePassSettings()
        if _needs_stylizer(guides):
            return self.stylizer.paint(content, styles, settings, guides, on_progress)
        resolved = self.model.resolve(settings)
        whole = file_size(content)
        sizes = resolved.frame(whole)
        if not self._fits(sizes.size or _shrunk(whole, sizes.longest)):
            return self.stylizer.paint(content, styles, settings, guides, on_progress)
        planes = read_sized_planes(content, sizes.longest, sizes.box, sizes.size)
        given, guides = guides, guides if sizes.box is None else guides.cropped(sizes.box, whole)
        finish = _finish(planes.pixels, resolved.colors, guides)
        painted = self._paint_pixels(
            planes.pixels, self.style_params(styles, resolved), resolved.strength or 0.0, on_progress
        )
        if painted is None:
            return self.stylizer.paint(content, styles, settings, given, on_progress)
        provenance = self.model.provenance(
            self.backend,
            None,
            str(content.resolve()),
            styles if self.styles else [str(Path(style).resolve()) for style in styles],
            resolved,
            given,
        )
        pixels, alpha = on_sheet(finish(painted), planes.alpha, sizes.canvas)
        return ArrayResult(pixels, alpha, time.perf_counter() - start, provenance, sizes.dpi)

    def _fits(self, size: tuple[int, int]) -> bool:
        """Return whether a picture of this height and width is painted without tiles."""
        whole = Frame(*size, self.model.multiple, card_margin(self.model.card)).whole
        return whole.height * whole.width <= DEFAULT_TILING.at_once

    def style_params(self, styles: Sequence[str | Path], resolved: OnePassSettings) -> Arrays:
        """Return the inputs of the network's graph for the mixture of `styles`; raises as `Stylizer.style_params`."""
        chosen, weights = self._mixture(styles, resolved)
        strength, stroke = self.model.conditioning(resolved)
        amount = numpy.array([strength], numpy.float32)
        if self.styles:
            row = numpy.zeros((1, len(self.styles)), numpy.float32)
            for style, weight in zip(chosen, weights, strict=True):
                row[0, self.styles.index(style)] += weight
            inputs = {"weights": row, "strength": amount, "stroke": numpy.array([stroke], numpy.float32)}
            return self._opened.style.result()(inputs)
        statistics = [self._statistics_of(Path(style), stroke) for style in chosen]
        run = self._opened.style.result()
        parts = [run({**measured, "strength": amount}) for measured in statistics]
        return {
            name: numpy.sum([w * part[name] for w, part in zip(weights, parts, strict=True)], 0)
            for name in parts[0]
        }

    def _mixture(
        self, styles: Sequence[str | Path], resolved: OnePassSettings
    ) -> tuple[list[str], list[float]]:
        """Return the names or files of the styles to mix, and their weights; raises RecipeError as `style_params`."""
        checked = self.model.checked_styles(styles, *self.model.conditioning(resolved))
        return [str(style) for style in checked], mixing_weights(len(checked), resolved.mix)

    @cached_property
    def stylizer(self) -> Stylizer:
        """The same network in torch."""
        from impasto.feedforward.stylizer import Stylizer

        return Stylizer(self.model.stored_name, backend=self.backend, device="cpu", on_build=self.on_build)

    @cached_property
    def _opened(self) -> OpenedGraphs:
        """The graphs, built if they are not in the cache, and opened in the background."""
        build_missing(self.model, self.graphs, self.on_build)
        if self.graphs.missing:
            raise OutputError(
                f"The graphs of the network cannot be written into '{self.graphs.network.parent}'; free some space, or"
                " give --backend torch."
            )
        pool = ThreadPoolExecutor(1)

        def opened(graph: Path, bfloat16: bool) -> Future[RunGraph]:
            return pool.submit(open_graph, self.backend, graph, bfloat16=bfloat16, threads=_threads())

        moments = None if self.graphs.moments is None else opened(self.graphs.moments, self.bfloat16)
        # Style parameters are quick to compute, and the errors of bfloat16 would add up in them.
        style, network = opened(self.graphs.style, False), opened(self.graphs.network, self.bfloat16)
        pool.shutdown(wait=False)
        return OpenedGraphs(network, style, moments)

    def _statistics_of(self, style: Path, stroke: float) -> Arrays:
        """Return the inputs of a style predictor's graph: means and root covariances of a style image."""
        longest = measured_side(stroke)
        return self._memory.recall(style, longest, lambda: self._measure(style, stroke, longest))

    def _measure(self, style: Path, stroke: float, longest: int) -> Arrays:
        image = read_planes(style).pixels
        size = fit(image.shape[2], image.shape[3], longest)
        if min(size) < SMALLEST:
            from impasto.feedforward.open_network import AnyStyle

            assert isinstance(self.stylizer.model, AnyStyle)
            statistics = self.stylizer.model.statistics(style, stroke)
            means, roots = (
                [x.numpy() for x in part.values()] for part in (statistics.means, statistics.roots)
            )
        else:
            moments = self._opened.moments
            assert moments is not None
            outputs = list(moments.result()({"image": resize_array(image, size)}).values())
            means, products = outputs[: len(outputs) // 2], outputs[len(outputs) // 2 :]
            roots = [_root(product, mean) for product, mean in zip(products, means, strict=True)]
        named = {f"mean_{index}": mean for index, mean in enumerate(means)}
        return named | {f"root_{index}": root for index, root in enumerate(roots)}

    def _paint_pixels(
        self,
        content: Array,
        style_params: Arrays,
        strength: float,
        on_progress: Callable[[int, int], None],
    ) -> Array | None:
        """Return the picture that `Stylizer` paints, or None if a low precision overflows."""
        sizes = scale_sizes(content.shape[2], content.shape[3])
        progress = ScaleProgress(sizes, strength, on_progress)

        def paint(size: tuple[int, int]) -> Array:
            def once(image: Array) -> Array:
                painted = self._run(image, style_params)
                progress.tell(size, 1, 1)
                return painted

            return paint_strongly(once, resize_array(content, size), strength)

        painted: Array = paint_scales(paint, sizes, resize_array)
        return painted.clip(0, 1) if numpy.isfinite(painted).all() else None

    def _run(self, content: Array, style_params: Arrays) -> Array:
        """Return the painted image; it is not finite if a low precision overflows."""
        frame = Frame(content.shape[2], content.shape[3], self.model.multiple, card_margin(self.model.card))
        noise = card_grain(self.model.card, frame.height, frame.width)
        source = content if noise is None else content + noise
        (painted,) = self._opened.network.result()(
            {"image": frame.cut(source, frame.whole), **style_params}
        ).values()
        cropped: Array = frame.crop(painted)
        return cropped.clip(0, 1) if numpy.isfinite(cropped).all() else numpy.full_like(cropped, numpy.nan)


def build_missing(model: NetworkCard, graphs: StylizerGraphs, on_build: Callable[[int, int], None]) -> None:
    """Build the graphs that are not in the cache, which takes seconds for each; `on_build` is called before each."""
    missing = graphs.missing
    for number, (name, path) in enumerate(missing.items(), 1):
        on_build(number, len(missing))
        from impasto.feedforward.export.stylizer_graphs import build_graph

        keep_graph(path, build_graph(model.path, name))


def _needs_stylizer(guides: Guides) -> bool:
    """Return whether styles have places, or guides that one pass refuses."""
    return bool(guides.masks or guides.style_masks or guides.style_regions) or guides.regions is not None


def _shrunk(size: tuple[int, int], longest: int | None) -> tuple[int, int]:
    """Return the size of a picture with a longer side of at most ``longest``."""
    return size if longest is None or max(size) <= longest else fit(*size, longest)


def _root(product: Array, mean: Array) -> Array:
    """Return the symmetric square root `(1, K, K)` of the covariance of features with these moments."""
    covariance = product.astype(numpy.float64) - mean[:, :, None] * mean[:, None]
    values, vectors = numpy.linalg.eigh(covariance)
    root: Array = (vectors * numpy.sqrt(values.clip(0))[:, None]) @ vectors.swapaxes(1, 2)
    return root.astype(numpy.float32)


def _finish(content: Array, colors: float, guides: Guides) -> Callable[[Array], Array]:
    """Return the function that restores colours and protected parts of the content image `(1, 3, H, W)`."""
    if not colors and guides.protect is None:
        return lambda painted: painted
    import torch

    from impasto.guidance import ColorSettings, RestoreContent, place_styles

    protect = place_styles(guides, content.shape[2:], [(1, 1)], has_content=True).protect
    restore = RestoreContent(ColorSettings(colors), torch.from_numpy(content), protect)
    return lambda painted: restore(torch.from_numpy(painted)).numpy()


def _threads() -> int | None:
    """Return the number of threads that the environment asks for, as torch does."""
    text = os.environ.get("OMP_NUM_THREADS", "")
    return int(text) if text.isdecimal() and int(text) else None
