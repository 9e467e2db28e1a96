"""Bad files and bad words: what `test_bad_input` tries."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import torch
from PIL import Image

from impasto.optimize.presets import make_recipe

from .conftest import TINY

PAINT = ("stylize", "photo.png", "art.png", *TINY)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it is huge and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


def archive() -> bytes:
    """Return a zip file that is no checkpoint."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("hello.txt", "hello")
    return buffer.getvalue()


class Code:
    """Something whose unpickling would run code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch ran",)


def saved(value: object) -> bytes:
    """Return what torch.save writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


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
        "types.json": json.dumps({"recipe": {"size": {}}, "content": 5, "styles": 7}).encode(),
        "cut.safetensors": b"\x40\0\0\0\0\0\0\0{",
        "text.safetensors": b"not weights",
        "code.pth": pickle.dumps(Code()),
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
    **{f"{option} {value}": [*PAINT, option, value] for option, value in (
        ("--preset", "nope"), ("--encoder", "nope"), ("--device", "nope"), ("--device", "cuda:x"),
        ("--precision", "float8"),
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
        ("--learning-rate", "inf"), ("--average", "1"), ("--decay", "2"), ("--start", "middle"), ("--start",
        "picture"),
        ("--start-picture", "gone.png"), ("--start-picture", "text.png"), ("--pooling", "min"), ("--gram", "x"),
        ("--variation-weight", "-1"), ("--scale-ratio", "1"), ("--weights", "text.pth"),
    )},
    "no layers": [*PAINT, "--content-layers", "relu4_1:0", "--style-layers", "relu4_1:0"],
    "unknown option": [*PAINT, "--nope"],
    "option without value": [*PAINT, "--size"],
    "unknown command": ["styllize", "photo.png"],
    # outputs
    **{f"{option} {value}": [*PAINT, option, value] for option, value in (
        ("--out", "missing/o.png"), ("--out", "folder.png"), ("--out", "o.xyz"), ("--out", "o"), ("--out",
        "photo.png"),
        ("--out", "art.png"), ("--out", "pipe.png"), ("--bits", "12"), ("--bits", "x"), ("--jpeg-quality", "0"),
        ("--jpeg-quality", "101"), ("--preview", "missing/p.png"), ("--preview", "p.txt"), ("--preview", "photo.png"),
        ("--timelapse", "t.mp4"), ("--timelapse", "folder.webp"), ("--timelapse", "missing/t.webp"),
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
        "gone.json", "types.json", "zero.png", "empty", "pipe.png",
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
    "evaluate without weights": ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png"],
    "evaluate damaged": ["evaluate", "photo.png", "--content", "text.png", "--style", "art.png", "--encoder", "tiny"],
    "evaluate size": ["evaluate", "photo.png", "--content", "photo.png", "--style", "art.png", "--size", "3"],
    "demo photo": ["demo", "--photo", "nope"],
    "demo style": ["demo", "--style", "nope"],
    "demo size": ["demo", "--size", "3"],
    "demo encoder": ["demo", "--encoder", "nope", "--size", "64"],
    "distill nothing": ["distill"],
    "distill suffix": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.pth"],
    "distill folder": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.safetensors"],
    "distill steps": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.safetensors", "--steps", "0"],
    "distill share": ["distill", "--photos", "empty", "--art", "empty", "--out", "w.safetensors", "--constant", "2"],
}  # fmt: skip
