"""Bad files and bad words: what `test_bad_input` tries."""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image

from impasto.feedforward.modules.style_predictor import StylePredictor
from impasto.feedforward.modules.transform import TransformNet
from impasto.feedforward.weights import write_network
from impasto.optimize.presets import make_recipe

from ..hostile import bomb
from .conftest import TINY

PAINT = ("stylize", "photo.png", "art.png", *TINY)
TWO = ("stylize", "photo.png", "--style", "art.png", "--style", "art2.png", *TINY)
APPLY = ("apply", "net.safetensors", "photo.png", "--style", "art.png", "--backend", "torch")
# A study of one style, given because painting plates takes seconds.
LAB = ("style-reconstruction", "--style", "art.png")
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def archive() -> bytes:
    """Return a zip file that is no checkpoint."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("hello.txt", "hello")
    return buffer.getvalue()


class StyleParams:
    """Something whose unpickling would run code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch ran",)


def saved(value: object) -> bytes:
    """Return what torch.save writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def stored_guides(guides: object) -> bytes:
    """Return the JSON of a picture of photo.png and art.png that was painted with these guides."""
    recipe = {"encoder": "tiny", "size": 32, "steps": 3}
    return json.dumps(
        {"recipe": recipe, "content": "photo.png", "styles": ["art.png"], "guides": guides}
    ).encode()


@functools.cache
def network(kind: str, widths: tuple[int, ...]) -> bytes:
    """Return the file of an untrained network for any style; `widths` is what its card says."""
    torch.manual_seed(0)
    transform = TransformNet((4, 4, 4))
    predictor = StylePredictor(transform.modulated_layers, 8)
    state = {f"network.{k}": v for k, v in transform.state_dict().items()}
    state |= {f"style_predictor.{k}": v for k, v in predictor.state_dict().items()}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        write_network(path, state, {"kind": kind, "widths": widths, "hidden": 8})
        return path.read_bytes()


def stripes(path: Path, colours: Sequence[tuple[int, int, int]], size: tuple[int, int]) -> Path:
    """Write upright stripes of equal width: masks and maps."""
    picture = Image.new("RGB", size)
    for index, colour in enumerate(colours):
        left, right = (size[0] * edge // len(colours) for edge in (index, index + 1))
        picture.paste(colour, (left, 0, right, size[1]))
    picture.save(path)
    return path


def prepare(place: Path) -> None:
    """Put everything bad into the working folder."""
    photo = (place / "photo.png").read_bytes()
    files = {
        "zero.png": b"",
        "cut.png": photo[: len(photo) // 2],
        "head.png": photo[:30],
        "text.png": b"this is not a picture\n" * 9,
        "renamed.jpg": b"%PDF-1.7 and so on",
        "bomb.png": bomb(100_000, 100_000),
        "large.png": bomb(20_000, 20_000),
        "plain.json": b'{"a": 1}',
        "broken.json": b'{"recipe": ',
        "list.json": b"[1, 2]",
        "nan.json": b'{"recipe": {"size": NaN}}',
        "odd.json": b'{"recipe": {"preset": []}}',
        "unknown.json": b'{"recipe": {"preset": "nope"}}',
        "gone.json": json.dumps(
            {"recipe": {"encoder": "tiny"}, "content": "/gone/a.png", "styles": []}
        ).encode(),
        "other-guides.json": stored_guides({"masks": "left"}),
        "number-guides.json": stored_guides([5]),
        "unknown-guides.json": stored_guides({"mask": ["left"]}),
        "gone-guides.json": stored_guides({"masks": ["/gone/mask.png"]}),
        "memory-guides.json": stored_guides({"protect": "from memory"}),
        "two-guides.json": stored_guides({"masks": ["left", "right"]}),
        "types.json": json.dumps({"recipe": {"size": {}}, "content": 5, "styles": 7}).encode(),
        "cut.safetensors": b"\x40\0\0\0\0\0\0\0{",
        "text.safetensors": b"not weights",
        "net.safetensors": network("network:any", (4, 4, 4)),
        "odd.safetensors": network("network:any", (4, 8, 4)),
        "other.safetensors": network("network:nope", (4, 4, 4)),
        "code.pth": pickle.dumps(StyleParams()),
        "list.pth": saved([1, 2]),
        "text.pth": b"not weights",
        "zip.checkpoint": archive(),
        "text.checkpoint": b"not a checkpoint",
        "empty.checkpoint": saved({}),
        "newer.checkpoint": saved({"version": 99}),
        "half.checkpoint": saved({"version": 1, "recipe": "{}"}),
        "part.checkpoint": saved({"version": 1, "recipe": make_recipe().model_dump_json()}),
    }
    for name, data in files.items():
        (place / name).write_bytes(data)
    nan = torch.full((64, 3, 3, 3), float("nan"))
    torch.save({"features.0.weight": nan, "features.0.bias": nan[:, 0, 0, 0]}, place / "nan.pth")
    Image.new("RGB", (20, 20)).save(place / "bare.png")
    for name, colours, size in (
        ("white-left", (WHITE, BLACK), (48, 36)), ("mostly-left", (WHITE, WHITE, BLACK), (48, 36)),
        ("white", (WHITE,), (48, 36)), ("black", (BLACK,), (48, 36)), ("wide", (WHITE, BLACK), (90, 36)),
        ("red-blue", (RED, BLUE), (48, 36)), ("art-map", (RED, BLUE), (40, 40)), ("green", (GREEN,), (40, 40)),
        ("black-art", (BLACK,), (40, 40)),
    ):  # fmt: skip
        stripes(place / f"{name}.png", colours, size)
    os.mkfifo(place / "pipe.png")
    (place / "empty").mkdir()
    (place / "folder.png").mkdir()
    (place / "folder.webp").mkdir()


BAD = {
    # files
    "no words": ["stylize"],
    "only a photograph": ["stylize", "photo.png"],
    "missing photo": ["stylize", "gone.png", "art.png"],
    "missing art": ["stylize", "photo.png", "gone.png"],
    "missing style": ["stylize", "photo.png", "--style", "gone.png"],
    "style alone": ["stylize", "--style", "art.png"],
    "empty folder": ["stylize", "empty", "art.png"],
    "style folder": ["stylize", "photo.png", "empty"],
    **{f"photo {n}": ["stylize", n, "art.png", *TINY] for n in (
        "zero.png", "cut.png", "head.png", "text.png", "renamed.jpg", "bomb.png", "large.png", "pipe.png",
        "plain.json",
    )},
    **{f"style {n}": ["stylize", "photo.png", n, *TINY] for n in ("zero.png", "cut.png", "text.png",
        "bomb.png", "pipe.png")},
    "video without": ["video"],
    "texture missing": ["texture", "gone.png", *TINY],
    "texture without": ["texture"],
    "texture of a folder": ["texture", "empty", *TINY],
    "texture of text": ["texture", "text.png", *TINY],
    "texture from content": ["texture", "art.png", *TINY, "--start", "content"],
    "aspect zero": ["texture", "art.png", *TINY, "--aspect", "0:1"],
    "aspect endless": ["texture", "art.png", *TINY, "--aspect", "1:0"],
    "aspect words": ["texture", "art.png", *TINY, "--aspect", "wide"],
    "aspect nan": ["texture", "art.png", *TINY, "--aspect", "nan"],
    "reconstruct missing": ["reconstruct", "gone.png", *TINY],
    "reconstruct layer": ["reconstruct", "photo.png", *TINY, "--layer", "relu9_1"],
    "reconstruct weight": ["reconstruct", "photo.png", *TINY, "--layer", "relu4_1:x"],
    "reconstruct style": ["reconstruct", "photo.png", *TINY, "--start", "style"],
    "name too long": ["stylize", "x" * 5000, "art.png", *TINY],
    # settings
    "preset without its layers": [*PAINT, "--preset", "d2l", "--encoder", "compact"],
    **{f"{option} {value}": [*PAINT, option, value] for option, value in (
        ("--preset", "nope"), ("--preset", "mixed"), ("--encoder", "nope"), ("--device", "nope"),
        ("--device", "cuda:x"), ("--precision", "float8"),
        ("--optimizer", "sgd"), ("--quality", "best"), ("--size", "-5"), ("--size", "0"), ("--size", "15"),
        ("--size", "1000000000"), ("--size", "1e9"), ("--size", "x"), ("--steps", "0"), ("--steps", "-1"),
        ("--steps", "many"),
        ("--strength", "3"), ("--strength", "-1"), ("--strength", "nan"), ("--strength", "inf"), ("--seed", "-1"),
        ("--seed", "99999999999999999999"), ("--content-layers", "relu9_9"), ("--content-layers", "relu4_1:x"),
        ("--content-layers", "relu4_1:-1"), ("--style-layers", "relu1_1:nan"), ("--style-layers", "relu1_1:inf"),
        ("--style-layers", "nonsense"), ("--style-layers", "::::"), ("--scales", "512"), ("--scales", "a:b"),
        ("--scales", "64:5,32:5"),
        ("--scales", "5:5"), ("--scales", ""), ("--scale-steps", ","), ("--scale-steps", "5,x"), ("--betas", "1"),
        ("--betas", "1,2"), ("--betas", "a,b"), ("--style-scale", "0"), ("--style-scale", "100"),
        ("--learning-rate", "0"),
        ("--learning-rate", "inf"), ("--ema-decay", "1"), ("--decay", "2"), ("--start", "middle"), ("--start",
        "picture"),
        ("--start-picture", "gone.png"), ("--start-picture", "text.png"), ("--pooling", "min"), ("--gram", "x"),
        ("--variation-weight", "-1"), ("--value-range-weight", "-1"), ("--scale-ratio", "1"), ("--weights", "text.pth"),
    )},
    "no layers": [*PAINT, "--content-layers", "relu4_1:0", "--style-layers", "relu4_1:0"],
    "unknown option": [*PAINT, "--nope"],
    "option without value": [*PAINT, "--size"],
    "unknown command": ["styllize", "photo.png"],
    # several styles, colour, strength
    **{f"two styles, {option} {value}": [*TWO, option, value] for option, value in (
        ("--mix", "1.5"), ("--mix", "-0.1"), ("--mix", "nan"), ("--mix", "inf"), ("--mix", "abc"), ("--mix", ""),
        ("--mix", "0.5,0.2"), ("--mix", "0.5,0.2,0.3"), ("--mix", "0.5,-0.5,1"), ("--mix", "0,0"),
        ("--mix", "0.5;0.5"), ("--sigmas", "1"), ("--sigmas", "1,2,3"),
        ("--sigmas", "0,1"), ("--sigmas", "1,-1"), ("--sigmas", "nan,1"), ("--sigmas", "a,b"), ("--sigmas", ""),
        ("--share", "nowhere"), ("--blend", "nothing"), ("--balance", "1"),
    )},
    **{f"{option} {value}": [*PAINT, option, value] for option, value in (
        ("--mix", "0.5"), ("--mix", "1"), ("--mix", "0.5,0.5"), ("--sigmas", "1,2"), ("--colors", "blue"),
        ("--colors", "1.5"), ("--colors", "-0.1"), ("--colors", "nan"), ("--color-method", "x"),
        ("--color-space", "cmyk"), ("--stroke", "0.1"), ("--stroke", "9"), ("--stroke", "nan"),
        ("--stroke", "wide"), ("--hold", "yes"), ("--seamless", "yes"), ("--anchor", "-1"), ("--base", "3"),
        ("--fine-steps", "0"), ("--fine-steps", "x"),
    )},
    "mix and layers": [*TWO, "--mix", "0.5", "--share", "layers"],
    "mix and scales": [*TWO, "--mix", "0.5", "--share", "scales", "--scales", "16:2,32:2"],
    "more styles than scales": [*TWO, "--share", "scales", "--scales", "32:2"],
    "more styles than layers": [*TWO, "--share", "layers", "--style-layers", "relu2_1"],
    "statistics with masks": [*TWO, "--blend", "statistics", "--mask", "left"],
    "statistics with sliced": [*TWO, "--blend", "statistics", "--style-loss", "sliced"],
    "statistics with mrf": [*TWO, "--blend", "statistics", "--style-loss", "mrf"],
    "layers with masks": [*TWO, "--share", "layers", "--mask", "left"],
    "value range with clamp": [*PAINT, "--value-range-weight", "1", "--clamp"],
    "hold with lbfgs": [*PAINT, "--hold", "--optimizer", "lbfgs"],
    "hold with mean": [*PAINT, "--hold", "--content-loss", "mean"],
    "seamless photograph": [*PAINT, "--seamless"],
    "seamless start": ["texture", "art.png", *TINY, "--seamless", "--start-picture", "art2.png"],
    "seamless with lbfgs": ["texture", "art.png", *TINY, "--seamless", "--optimizer", "lbfgs"],
    "colours of a texture": ["texture", "art.png", *TINY, "--colors", "content"],
    # masks and regions
    **{f"mask {n}": [*TWO, "--mask", n] for n in (
        "gone.png", "gone", "empty", "text.png", "zero.png", "pipe.png", "cut.png", "bomb.png", "wide.png",
        "art.png", "red-blue.png", "black.png", "white.png", "middle", "", "plain.json", "x" * 5000,
    )},
    **{f"protect {n}": [*PAINT, "--protect", n] for n in (
        "gone.png", "empty", "text.png", "wide.png", "red-blue.png", "white.png", "middle",
    )},
    **{f"style mask {n}": [*PAINT, "--style-mask", n] for n in (
        "gone.png", "empty", "text.png", "white-left.png", "black-art.png", "art-map.png",
    )},
    "masks overlap": [*TWO, "--mask", "white-left.png", "--mask", "mostly-left.png"],
    "more masks than styles": [*PAINT, "--mask", "left", "--mask", "right"],
    "a mask too few": [*TWO, "--style", "art.png", "--mask", "left"],
    "more style masks than styles": [*PAINT, "--style-mask", "left", "--style-mask", "right"],
    "regions alone": [*PAINT, "--regions", "red-blue.png"],
    "style regions alone": [*PAINT, "--style-regions", "art-map.png"],
    "regions and mask": [*PAINT, "--regions", "red-blue.png", "--style-regions", "art-map.png", "--mask", "left"],
    "regions of one style": [*TWO, "--regions", "red-blue.png", "--style-regions", "art-map.png"],
    "regions with statistics": [*PAINT, "--regions", "red-blue.png", "--style-regions", "art-map.png",
        "--blend", "statistics"],
    **{f"regions {n}": [*PAINT, "--regions", n, "--style-regions", "art-map.png"] for n in (
        "photo.png", "wide.png", "gone.png", "empty", "text.png", "left",
    )},
    **{f"style regions {n}": [*PAINT, "--regions", "red-blue.png", "--style-regions", n] for n in (
        "green.png", "art.png", "gone.png", "empty", "text.png", "red-blue.png",
    )},
    "mask without value": [*PAINT, "--mask"],
    "two to protect": [*PAINT, "--protect", "white.png", "--protect", "gone.png"],
    "texture protects": ["texture", "art.png", *TINY, "--protect", "left"],
    "texture mask": ["texture", "art.png", "art2.png", *TINY, "--mask", "gone.png"],
    "texture mask of another aspect": ["texture", "art.png", *TINY, "--aspect", "2:1", "--mask", "white-left.png"],
    "plan of a texture protects": ["plan", "--style", "art.png", *TINY, "--protect", "left"],
    "plan mask": ["plan", "photo.png", "art.png", *TINY, "--mask", "gone.png"],
    "reconstruct mask": ["reconstruct", "photo.png", *TINY, "--mask", "left"],
    "mask in both": [*PAINT, "--mask", "white-left.png", "--out", "white-left.png"],
    "protect in both": [*PAINT, "--protect", "white-left.png", "--preview", "white-left.png"],
    "map in both": [*PAINT, "--regions", "red-blue.png", "--style-regions", "art-map.png", "--out", "art-map.png"],
    "all with a coloured mask": ["stylize", "photo.png", "bare.png", "art.png", *TINY, "--mask", "red-blue.png"],
    "all with a missing mask": ["stylize", "photo.png", "bare.png", "art.png", *TINY, "--mask", "gone.png"],
    "all with a mix": ["stylize", "photo.png", "bare.png", "art.png", *TINY, "--mix", "0.5"],
    # outputs
    **{f"{option} {value}": [*PAINT, option, value] for option, value in (
        ("--out", "missing/o.png"), ("--out", "folder.png"), ("--out", "o.xyz"), ("--out", "o"), ("--out",
        "photo.png"),
        ("--out", "art.png"), ("--out", "pipe.png"), ("--bits", "12"), ("--bits", "x"), ("--jpeg-quality", "0"),
        ("--jpeg-quality", "101"), ("--preview", "missing/p.png"), ("--preview", "p.txt"), ("--preview", "photo.png"),
        ("--timelapse", "t.avi"), ("--timelapse", "folder.webp"), ("--timelapse", "missing/t.webp"),
        ("--checkpoint", "missing/c"), ("--checkpoint", "empty"), ("--checkpoint", "photo.png"), ("--out-dir",
        "photo.png"),
        ("--checkpoint-seconds", "-1"),
    )},
    "16 bits in jpeg": [*PAINT, "--out", "o.jpg", "--bits", "16"],
    "two places": [*PAINT, "--out", "o.png", "--out-dir", "d"],
    "two outputs in one": [*PAINT, "--out", "o.png", "--preview", "o.png"],
    "one name for two": ["stylize", "photo.png", "art2.png", "art.png", *TINY, "--out", "o.png"],
    "one checkpoint for two": ["stylize", "photo.png", "art2.png", "art.png", *TINY, "--checkpoint", "c"],
    "all with bad layers": ["stylize", "photo.png", "art2.png", "art.png", *TINY, "--style-layers", "relu9_1"],
    "all with a bad style": ["stylize", "photo.png", "art2.png", "text.png", *TINY],
    # checkpoints and recipes
    **{f"resume {n}": ["stylize", "--resume", n] for n in (
        "gone", "zip.checkpoint", "text.checkpoint", "empty.checkpoint", "newer.checkpoint",
        "half.checkpoint", "part.checkpoint", "empty", "photo.png",
    )},
    **{f"from {n}": ["stylize", "--from", n] for n in (
        "gone.png", "bare.png", "text.png", "plain.json", "broken.json", "list.json", "nan.json", "odd.json",
        "unknown.json",
        "other-guides.json", "number-guides.json", "unknown-guides.json", "gone-guides.json", "memory-guides.json",
        "two-guides.json", "gone.json", "types.json", "zero.png", "empty", "pipe.png",
    )},
    "from and resume": ["stylize", "--from", "bare.png", "--resume", "zip.checkpoint"],
    "from and preset": ["stylize", "--from", "gone.json", "--preset", "gatys"],
    # weights
    **{f"weights {n}": ["stylize", "photo.png", "art.png", "--size", "32", "--encoder", "vgg19",
        "--weights", n] for n in (
        "gone.pth", "cut.safetensors", "text.safetensors", "code.pth", "list.pth", "text.pth", "nan.pth",
        "photo.png", "empty",
    )},
    "no weights": ["stylize", "photo.png", "art.png", "--size", "32", "--encoder", "vgg19"],
    "fetch unknown": ["weights", "fetch", "nope"],
    "verify unknown": ["weights", "verify", "nope"],
    "verify missing": ["weights", "verify", "vgg19"],
    "weights nothing": ["weights", "nothing"],
    # other commands
    "preset unknown": ["presets", "nope"],
    "plan of nothing": ["plan"],
    "plan of two": ["plan", "photo.png", "art2.png", "art.png", *TINY],
    "plan of a missing": ["plan", "gone.png", "art.png", *TINY],
    "evaluate nothing": ["evaluate"],
    "evaluate missing": ["evaluate", "gone.png"],
    "evaluate bare": ["evaluate", "bare.png", "--encoder", "tiny"],
    "evaluate without weights": ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png",
        "--encoder", "vgg19"],
    "evaluate measure": ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png", "--measures", "x"],
    "evaluate no measure": ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png", "--measures", ","],
    "evaluate against": ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png",
        "--against", "gone.png"],
    "evaluate damaged": ["evaluate", "photo.png", "--content", "text.png", "--style", "art.png", "--encoder", "tiny"],
    "evaluate size": ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png", "--size", "3"],
    "demo photo": ["demo", "--photo", "nope"],
    "demo style": ["demo", "--style", "nope"],
    "demo size": ["demo", "--size", "3"],
    "demo encoder": ["demo", "--encoder", "nope", "--size", "64"],
    # trained networks
    "apply nothing": ["apply"],
    "apply without photographs": ["apply", "net.safetensors"],
    **{f"apply {' '.join(words)}": ["apply", *words] for words in (
        ("--list", "any"), ("--list", "any", "photo.png"), ("--sheet", "s.png"), ("--list", "--sheet", "s.jpg"),
        ("--list", "--sheet", "s"), ("--list", "--sheet", "missing/s.png"), ("--list", "--sheet", "pipe.png"),
    )},
    "apply a missing network": ["apply", "gone.safetensors", "photo.png"],
    "apply an unknown network": ["apply", "nope", "photo.png"],
    **{f"apply {n}": ["apply", n, "photo.png"] for n in (
        "cut.safetensors", "text.safetensors", "code.pth", "empty", "photo.png", "other.safetensors",
        "odd.safetensors",
    )},
    "apply without a style": ["apply", "net.safetensors", "photo.png"],
    **{f"apply to {n}": [*APPLY[:2], n, *APPLY[3:]] for n in ("gone.png", "text.png", "bomb.png", "empty", "pipe.png")},
    **{f"apply style {n}": ["apply", "net.safetensors", "photo.png", "--style", n] for n in (
        "gone.png", "text.png", "empty", "zero.png",
    )},
    **{f"apply {option} {value}": [*APPLY, option, value] for option, value in (
        ("--strength", "2.1"), ("--strength", "nan"), ("--stroke", "0"), ("--stroke", "99"), ("--mix", "1,2"),
        ("--mix", "x"), ("--backend", "nope"), ("--device", "nope"), ("--tile", "10"), ("--size", "0"),
        ("--out", "missing/o.png"), ("--out", "photo.png"), ("--out", "art.png"), ("--out", "pipe.png"),
        ("--mask", "wide.png"), ("--mask", "gone.png"),
    )},
    "apply mask and mix": [*APPLY, "--mask", "left", "--mix", "1"],
    "apply two into one file": ["apply", "net.safetensors", "photo.png", "art2.png", "--style", "art.png", "--out",
        "o.png"],
    "batch nothing": ["batch"],
    "batch nowhere": ["batch", "photo.png", "--style", "art.png"],
    **{f"batch {what}": ["batch", *words, "--out-dir", "o"] for what, *words in (
        ("nothing to paint", "--style", "art.png"), ("missing", "gone.png", "--style", "art.png"),
        ("empty", "empty", "--style", "art.png"), ("missing style", "photo.png", "--style", "gone.png"),
        ("fast and network", "photo.png", "--fast", "--network", "any"),
        ("format", "photo.png", "--style", "art.png", "--format", "gif"),
        ("bits", "photo.png", "--style", "art.png", "--format", "jpg", "--bits", "16"),
        ("quality", "photo.png", "--style", "art.png", "--jpeg-quality", "0"),
        ("mask", "photo.png", "--style", "art.png", "--mask", "gone.png"),
        ("report", "photo.png", "--style", "art.png", "--report", "r.txt"),
        ("sheet", "photo.png", "--style", "art.png", "--sheet", "missing/s.png"),
        ("sheet suffix", "photo.png", "--style", "art.png", "--sheet", "s.tiff"),
        ("watch", "photo.png", "--style", "art.png", "--watch"),
        ("manifest", "--manifest", "gone.csv"), ("manifest suffix", "--manifest", "photo.png"),
        ("manifest and vary", "--manifest", "plain.json", "--vary", "seed=1"),
        ("config", "photo.png", "--config", "gone.toml"), ("config picture", "photo.png", "--config", "photo.png"),
        ("vary", "photo.png", "--style", "art.png", "--vary", "seed"),
        ("vary empty", "photo.png", "--style", "art.png", "--vary", "seed=1,,2"),
        ("vary unknown", "photo.png", "--style", "art.png", "--vary", "nope=1"),
        ("vary twice", "photo.png", "--style", "art.png", "--vary", "seed=1", "--vary", "seed=2"),
        ("vary the same", "photo.png", "--style", "art.png", "--vary", "seed=1,1"),
        ("scheme", "nope://bucket/a.png", "--style", "art.png"), ("bucket", "s3://", "--style", "art.png"),
        ("memory", "memory://gone/a.png", "--style", "art.png"),
    )},
    "batch into a file": ["batch", "photo.png", "--style", "art.png", "--out-dir", "photo.png"],
    "batch into an address": ["batch", "photo.png", "--style", "art.png", "--out-dir", "nope://bucket/o"],
    "export nothing": ["export"],
    "export a missing network": ["export", "gone.safetensors", "o.onnx"],
    "export into a picture": ["export", "net.safetensors", "o.png"],
    "export into a missing folder": ["export", "net.safetensors", "missing/o.onnx"],
    "export onto itself": ["export", "net.safetensors", "net.safetensors"],
    "export the predictor of own styles": ["export", "two-poplars", "o.onnx", "--predictor", "c.onnx"],
    "export the predictor onto the network": ["export", "any", "o.onnx", "--predictor", "o.onnx"],
    "export the predictor as a picture": ["export", "any", "o.onnx", "--predictor", "o.png"],
    "export a missing style": ["export", "net.safetensors", "o.onnx", "--style", "gone.png"],
    **{f"studio {' '.join(words)}": ["studio", "--no-open", "--port", "0", *words] for words in (
        ("--host", "0.0.0.0"), ("--host", "::"), ("--host", "example.org"), ("--port", "65536"), ("--port", "-1"),
        ("--port", "x"), ("--token", "short"), ("--token", "with a space"), ("--device", "gpu"), ("--keep", "1MB"),
        ("--allowed-host", "studio.example.org"), ("--root-path", "studio"), ("--trusted-proxy", "here"),
        ("--token-file", "missing.txt"), ("--log-level", "loud"), ("--log-format", "xml"),
        ("--keep", "much"), ("--keep", "-1GB"), ("--data", "photo.png"), ("--data", "photo.png/studio"),
        ("--device", "cpu", "--device", "cpu"),
    )},
    "finetune nothing": ["finetune"],
    "fast with steps": ["stylize", "photo.png", "art.png", "--fast", "--steps", "3"],
    "fast with a timelapse": ["stylize", "photo.png", "art.png", "--fast", "--timelapse", "x.webp"],
    "fast resumed": ["stylize", "photo.png", "art.png", "--fast", "--resume", "x"],
    "fast with regions": [
        "stylize", "photo.png", "art.png", "--fast", "--regions", "photo.png", "--style-regions", "art.png"
    ],
    "fast of one picture": ["stylize", "photo.png", "--fast"],
    "train nothing": ["train"],
    **{f"train {what}": ["train", style, "--photos", photos, "--out", out, *words]
       for what, style, photos, out, *words in (
        ("a missing style", "gone.png", ".", "n.safetensors"), ("text", "text.png", ".", "n.safetensors"),
        ("a folder", "empty", ".", "n.safetensors"), ("without photos", "art.png", "empty", "n.safetensors"),
        ("of a missing folder", "art.png", "gone", "n.safetensors"), ("into a picture", "art.png", ".", "n.png"),
        ("into a folder", "art.png", ".", "gone/n.safetensors"),
        ("without steps", "art.png", ".", "n.safetensors", "--steps", "0"),
        ("for no minutes", "art.png", ".", "n.safetensors", "--minutes", "0"),
        ("for minutes and steps", "art.png", ".", "n.safetensors", "--minutes", "5", "--steps", "5"),
        ("an unknown preset", "art.png", ".", "n.safetensors", "--preset", "gatys"),
        ("johnson without weights", "art.png", ".", "n.safetensors", "--preset", "johnson"),
        ("johnson from any", "art.png", ".", "n.safetensors", "--preset", "johnson", "--start", "any"),
        ("lean with Gram", "art.png", ".", "n.safetensors", "--style-weight", "3"),
        ("two titles", "art.png", ".", "n.safetensors", "--title", "a", "--title", "b"),
        ("resumed from nothing", "art.png", ".", "n.safetensors", "--resume"),
        ("one style of no network", "art.png", ".", "n.safetensors", "--styles-only"),
        ("from nothing and something", "art.png", ".", "n.safetensors", "--start", "nothing", "--from", "x"),
    )},
    "train-any into a picture": ["train-any", "--photos", ".", "--art", ".", "--out", "any.png"],
    "train-any of too few pictures": ["train-any", "--photos", ".", "--art", ".", "--out", "any.safetensors"],
    "train-any from nothing": [
        "train-any", "--photos", ".", "--art", ".", "--out", "any.safetensors", "--from", "none.safetensors"
    ],
    "train-any resumed from nothing": [
        "train-any", "--photos", ".", "--art", ".", "--out", "any.safetensors", "--resume"
    ],
    "train-any without steps": [
        "train-any", "--photos", ".", "--art", ".", "--out", "any.safetensors", "--steps", "0"
    ],
    "train-any for minutes and steps": [
        "train-any", "--photos", ".", "--art", ".", "--out", "any.safetensors", "--minutes", "1", "--steps", "9"
    ],
    "classify nothing": ["classify"],
    **{f"classify {what}": ["classify", model, "photo.png", *words] for what, model, *words in (
        ("without weights", "vgg16"), ("without Caffe weights", "vgg19-caffe"), ("an unknown encoder", "vgg91"),
        ("without a classifier", "compact"), ("through a residual network", "resnet50"), ("at random", "tiny"),
        ("missing weights", "vgg19", "--weights", "gone.pth"), ("cut weights", "vgg16", "--weights", "cut.safetensors"),
        ("part of the weights", "vgg16", "--weights", "nan.pth"), ("code", "vgg16", "--weights", "code.pth"),
        ("twice the weights", "net.safetensors", "--weights", "nan.pth"), ("a network", "net.safetensors"),
    )},
    "lab nothing": ["lab", "run"],
    "lab study": ["lab", "run", "content-reconstructoin"],
    "lab all and one": ["lab", "run", "--all", "style-reconstruction"],
    "lab encoder": ["lab", "run", "--all", "--encoder", "nope"],
    "lab no weights": ["lab", "run", "--all", "--encoder", "vgg16"],
    "lab weights": ["lab", "run", *LAB, "--weights", "nothing.pth", "--size", "64"],
    "lab size": ["lab", "run", "--all", "--size", "3"],
    "lab steps": ["lab", "run", "--all", "--steps", "0"],
    "lab content": ["lab", "run", "--all", "--content", "nothing.png", "--size", "64"],
    "lab style": ["lab", "run", "--all", "--style", "empty", "--size", "64"],
    "lab network": ["lab", "run", "--all", "--network", "nothing.safetensors", "--size", "64"],
    "lab data": ["lab", "run", "--all", "--data", "nothing", "--size", "64"],
    "lab out": ["lab", "run", *LAB, "--out", "photo.png", "--size", "64"],
    "distill nothing": ["distill"],
    "distill suffix": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.pth"],
    "distill folder": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.safetensors"],
    "distill steps": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.safetensors", "--steps", "0"],
    "distill share": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.safetensors", "--constant", "2"],
}  # fmt: skip
