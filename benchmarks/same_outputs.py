#!/usr/bin/env python3
"""SHA-256 of the outputs of the commands: shows that a change of the code changes no picture and no weight.

Pictures count by their pixels and weights by their tensors, so names, cards and recipes may change. Record before a
change and compare after it, on the same machine:

    python benchmarks/same_outputs.py record before.json
    python benchmarks/same_outputs.py compare before.json

Distillation needs the real VGG-19 (in IMPASTO_SHARED, default ../shared). Without it, distillation is skipped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch
from PIL import Image
from safetensors import safe_open

from impasto.plates import paint

SHARED = Path(os.environ.get("IMPASTO_SHARED", "../shared")).resolve()
TRAIN = "--photos photos --steps 10 --batch 2 --size 64"

# Name of an output: the command that makes it, after `impasto`.
COMMANDS = {
    "default.png": "stylize photo.png a.png --size 128 --steps 12",
    "large.png": "stylize photo.png a.png --size 576 --steps 8 --strength 0.7",
    "masks.png": "stylize photo.png --style a.png --style b.png --mask left --size 112 --steps 12",
    "mix.png": "stylize photo.png --style a.png --style b.png --mix 0.3 --size 112 --steps 12",
    "protect.png": "stylize photo.png a.png --protect centre --size 112 --steps 12",
    "colours.png": "stylize photo.png a.png --colors content --size 112 --steps 12",
    "matched.png": "stylize photo.png a.png --colors 0.5 --color-method cholesky --size 112 --steps 12",
    "statistics.png": "stylize photo.png --style a.png --style b.png --blend statistics --size 112 --steps 8",
    "texture.png": "texture a.png --size 96 --steps 12 --seamless",
    "reconstruct.png": "reconstruct photo.png --layer relu3_1 --size 96 --steps 12",
    "lbfgs.png": "stylize photo.png a.png --optimizer lbfgs --size 96 --steps 8",
    "wasserstein.png": "stylize photo.png a.png --preset wasserstein --encoder compact --size 128 --steps 10",
    "gatys.png": "stylize photo.png a.png --preset gatys --encoder compact --size 96 --steps 6",
    "sliced.png": "stylize photo.png a.png --style-loss sliced --size 96 --steps 8",
    "fast.png": "stylize photo.png a.png --fast --size 200",
    "fast-masks.png": "stylize photo.png --style a.png --style b.png --mask left --fast --size 200",
    "fast-mix.png": "stylize photo.png --style a.png --style b.png --mix 0.3 --fast --size 200 --colors 0.5",
    "trained.png": "apply two-poplars photo.png --out trained.png --strength 0.8 --stroke 1.2",
    "trained-tiles.png": "apply baby-cradle large.jpg --out trained-tiles.png --tile 384 --backend torch",
    "any-tiles.png": "apply any large.jpg --style a.png --out any-tiles.png --tile 384 --backend torch",
    "styles.safetensors": f"train a.png b.png {TRAIN} --no-previews --accept",
    "johnson.safetensors": f"train a.png {TRAIN} --preset johnson --encoder compact --no-previews --accept",
    "any.safetensors": f"train-any --art art {TRAIN}",
    "finetuned.safetensors": "finetune classes --epochs 2 --batch 16",
    "compact.safetensors": "distill --photos photos --art art --teacher {vgg19} --steps 10 --batch 2 --size 48"
    " --policy-from 0.2 --policy-every 4",
}


def make_inputs(folder: Path) -> None:
    """Paint the pictures that the commands read."""
    paint("points", 256).save(folder / "photo.png")
    paint("swirls", 256).save(folder / "a.png")
    paint("woodcut", 200).save(folder / "b.png")
    paint("glass", 900).save(folder / "large.jpg")
    rng = torch.Generator().manual_seed(0)
    for name in ("photos", "art"):
        (folder / name).mkdir()
        for index in range(40):
            small = (torch.rand(6, 8, 3, generator=rng) * 255).byte().numpy()
            Image.fromarray(small).resize((160, 128), Image.Resampling.BICUBIC).save(
                folder / name / f"{index:03}.png"
            )


def digest(path: Path) -> str:
    """Return the SHA-256 of a picture's pixels, or of the tensors of weights without their names."""
    if path.suffix == ".png":
        with Image.open(path) as image:
            return hashlib.sha256(numpy.asarray(image).tobytes()).hexdigest()
    with safe_open(path, "pt") as file:
        tensors = (file.get_tensor(name).contiguous() for name in file.keys())  # noqa: SIM118
        parts = sorted(
            hashlib.sha256(t.view(torch.uint8).numpy().tobytes() if t.ndim else b"").hexdigest()
            for t in tensors
        )
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def run(words: list[str], folder: Path) -> None:
    """Run one command of impasto in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "impasto", *words],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"impasto {shlex.join(words)} failed:\n{done.stderr[-2000:]}")


def resumed(folder: Path) -> str:
    """Return the digest of a picture whose run is stopped in the middle of its second scale and resumed."""
    import impasto
    from impasto.optimize import Finished, Painter, Stepped, open_job

    state = folder / "stopped.checkpoint"
    recipe = impasto.make_recipe(size=160, steps=24)
    painter = Painter(open_job(recipe, folder / "photo.png", [folder / "a.png"]), checkpoint_path=state)
    stream = painter.events()
    for event in stream:
        if isinstance(event, Stepped) and event.total == 15:
            break
    stream.close()
    result = next(e.result for e in impasto.resume(state).events() if isinstance(e, Finished))
    result.save(folder / "resumed.png")
    return digest(folder / "resumed.png")


def collect() -> dict[str, str]:
    """Return the digest of every output."""
    digests = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_inputs(folder)
        run(["finetune", "--make-data", "classes", "--per-class", "4", "--quiet"], folder)
        for output, command in COMMANDS.items():
            vgg19 = SHARED / "vgg19_conv.safetensors"
            if "{vgg19}" in command and not vgg19.is_file():
                continue
            words = shlex.split(command.format(vgg19=vgg19))
            run([*words, *([] if "--out" in words else ["--out", output])], folder)
            digests[output] = digest(folder / output)
            print(f"{output} {digests[output][:16]}", flush=True)
        digests["resumed.png"] = resumed(folder)
    return digests


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    digests = collect()
    if options.action == "record":
        options.file.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
        return 0
    before = json.loads(options.file.read_text(encoding="utf-8"))
    changed = [name for name in before if digests.get(name) != before[name]]
    print(f"{len(before) - len(changed)} of {len(before)} are equal; changed: {', '.join(changed) or 'none'}")
    return 1 if changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
