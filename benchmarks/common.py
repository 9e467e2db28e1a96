"""Shared parts of the benchmarks: folders, development pairs, the judge, fronts, and the unit of time U."""

from __future__ import annotations

import itertools
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.encoder_training.distill.student import r_squared
from impasto.encoder_training.distill.teacher import FullTeacher
from impasto.encoders import Encoder, open_encoder
from impasto.imaging import fit, read_picture, resize
from impasto.metrics import MEASURES, Scores, choose_judging_encoder
from impasto.training.crops import centre_crops, read_folder

SHARED = Path(os.environ.get("IMPASTO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
VGG19 = SHARED / "vgg19_conv.safetensors"
PAIRS = (
    ("golden_gate", "starry_night"),
    ("amber", "wave"),
    ("avril", "la_muse"),
    ("stata", "mosaic"),
    ("cornell", "candy"),
    ("modern", "composition_vii"),
    ("golden_gate", "sketch"),
    ("amber", "mondrian"),
)


def pair(index: int) -> tuple[Path, Path]:
    """Return content and style of development pair ``index`` (from 0)."""
    content, style = PAIRS[index]
    return SHARED / "eval" / f"content_{content}.jpg", SHARED / "eval" / f"style_{style}.jpg"


def numbers(text: str) -> list[int]:
    """Return pair numbers from ``1-3,8``."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def require_shared() -> None:
    """Exit with a message if the weights of the real VGG-19 are missing."""
    if not VGG19.exists():
        raise SystemExit(f"The real VGG-19 is not at {VGG19}; set IMPASTO_SHARED.")


# The headline and the measures that nothing is trained on come first.
SHOWN = ("style5", "content", "Ls", "Lc", "sliced", "checkerboard", "repetition", "style", "noise")


def open_judge() -> Encoder:
    """Return the real VGG-19, with the zero padding of its authors."""
    return choose_judging_encoder("vgg19", VGG19).open()


def read(path: Path, longest: int = 512) -> Tensor:
    """Return the picture resized to a longer side of `longest` pixels."""
    pixels = read_picture(path).pixels
    return resize(pixels, fit(*pixels.shape[2:], longest))


def baselines(content: Tensor, style: Tensor) -> dict[str, Tensor]:
    """Return the two pictures that stand beside every score."""
    return {"unchanged content": content, "unchanged style": style}


def score_line(scores: Scores, names: Sequence[str] = SHOWN) -> str:
    """Return headings and values of these measures; one without a value has a dash."""
    values = ((MEASURES[name].heading, scores.get(name)) for name in names)
    return " ".join(f"{heading} {'-' if value is None else f'{value:.3f}'}" for heading, value in values)


def mean_scores(rows: Sequence[Scores]) -> Scores:
    """Return the mean of each measure over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return Scores({name: statistics.mean(row[name] for row in rows if name in row) for name in names})


def value_at(points: Sequence[tuple[float, float]], x: float) -> float | None:
    """Return y at ``x`` on a front of (x, y): log y is linear in x between neighbours. None outside the front."""
    for (x0, y0), (x1, y1) in itertools.pairwise(sorted(points)):
        if x0 <= x <= x1:
            t = (x - x0) / max(x1 - x0, 1e-9)
            return math.exp((1 - t) * math.log(y0) + t * math.log(y1))
    return None


def equal_ratios(
    fronts: Sequence[Sequence[Scores]], theirs: Sequence[Scores], style_name: str, content_name: str
) -> list[float]:
    """Return our value of one measure over theirs where another is equal, for each pair that our front reaches.

    ``fronts`` has one list of scores per point of our front, in the order of ``theirs``.
    """
    ratios = []
    for front, other in zip(zip(*fronts, strict=True), theirs, strict=True):
        ours = value_at([(one[content_name], one[style_name]) for one in front], other[content_name])
        if ours is not None:
            ratios.append(ours / other[style_name])
    return ratios


def print_r2(
    student: Callable[[Tensor], Mapping[str, Tensor]], teacher: FullTeacher, asked: Mapping[str, float]
) -> None:
    """Print R2 of each of the teacher's layers below what is asked, on centre crops of held-out pictures."""
    layers = teacher.layers
    print(f"{'':10}" + "".join(f"{layer:>9}" for layer in layers))
    print(f"{'asked':10}" + "".join(f"{asked.get(layer, ''):>9}" for layer in layers))
    for kind in ("photos", "art"):
        images = centre_crops(read_folder(SHARED / kind, train=False).held_out[:100], 192)
        shares = r_squared(student, teacher, images)
        print(f"{kind:10}" + "".join(f"{shares[layer]:9.3f}" for layer in layers), flush=True)


class Unit:
    """U: one float32, NCHW forward plus pixel gradient of VGG-19 to relu5_1 at a size.

    Written with plain convolutions, because impasto's own encoders lay pictures out channels-last.
    """

    def __init__(self, height: int, width: int) -> None:
        vgg = open_encoder("vgg19", weights=VGG19, padding="zeros")
        kernels = [p.detach().contiguous() for p in vgg.parameters() if p.ndim == 4][:13]
        biases = [p.detach() for p in vgg.parameters() if p.ndim == 1][:13]
        self.layers = list(zip(kernels, biases, strict=True))
        self.image = torch.rand(1, 3, height, width)

    def seconds(self) -> float:
        """Measure it once."""
        image = self.image.clone().requires_grad_(True)
        start = time.perf_counter()
        x = image
        for index, (kernel, bias) in enumerate(self.layers):
            if index in (2, 4, 8, 12):
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, kernel, bias, padding=1))
        x.square().mean().backward()
        return time.perf_counter() - start

    def median(self, runs: int = 5) -> float:
        """Return the median of ``runs`` after one to warm up."""
        self.seconds()
        return statistics.median(self.seconds() for _ in range(runs))
