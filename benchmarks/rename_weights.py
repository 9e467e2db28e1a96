#!/usr/bin/env python3
"""Rename the tensors, card keys and settings of weights that were written before the code was renamed.

    python benchmarks/rename_weights.py src/impasto/*/pretrained/*.safetensors

Only the header of a safetensors file changes; its tensor bytes are copied, and compared before and after by SHA-256.
A file that has the new names already is left alone.
"""

from __future__ import annotations

import argparse
import json
import re
import struct
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from impasto.imaging import write_bytes_atomic

CARD = "impasto"
CARD_KEYS = {"usual": "default_strength", "began_with": "started_from"}
FIGURES = {"weight": "content_weight"}
SETTINGS = {
    "kernel_rate": "kernel_learning_rate",
    "code_rate": "style_learning_rate",
    "other_rate": "learning_rate",
    "average": "ema_decay",
    "content_most": "content_weight_at_0",
    "content_least": "content_weight_at_1",
    "hold": "hold_strength",
    "mixtures": "mixture_share",
    "steady": "stability_weight",
}
# The share of a batch that was called "plain" has another meaning for each kind of network.
PLAIN = {"network:any": "full_strength_share", "network:styles": "default_share"}
VALUES = {("preset", "lean"): "default", ("start", "nothing"): "random"}
PREFIXES = {"body.": "network.", "coder.": "style_predictor.", "table.": "style_embedding."}
PARTS = {
    "network.enter": "network.stem",
    "network.leave": "network.head",
    "network.rise": "network.upsample",
    "network.at_half": "network.conv_half",
    "network.to_quarter": "network.down_quarter",
    "network.at_quarter": "network.conv_quarter",
    "network.to_eighth": "network.down_eighth",
    "network.down": "network.downsample",
    "network.up": "network.upsample",
    "style_predictor.into": "style_predictor.input_projections",
    "style_predictor.out": "style_predictor.output_projections",
    "style_predictor.amounts": "style_predictor.bank_weights",
    "style_predictor.spread": "style_predictor.spread_projection",
    "style_embedding.mixings": "style_embedding.style_matrices",
}
BLOCK_CONVS = {"first": "conv1", "second": "conv2"}


def new_name(name: str) -> str:
    """Return the present name of a tensor, for an old or a present one."""
    for old, new in PREFIXES.items():
        if name.startswith(old):
            name = new + name[len(old) :]
            break
    module = ".".join(name.split(".")[:2])
    if module in PARTS:
        name = PARTS[module] + name[len(module) :]
    return re.sub(r"^(network\.blocks\.\d+\.)(first|second)\b", lambda m: m[1] + BLOCK_CONVS[m[2]], name)


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header and the tensor bytes of a safetensors file."""
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def tensor_hashes(data: bytes) -> Counter[tuple[str, str, str]]:
    """Return the multiset of type, shape and SHA-256 of every tensor."""
    header, body = split(data)
    return Counter(
        (entry["dtype"], str(entry["shape"]), sha256(body[slice(*entry["data_offsets"])]).hexdigest())
        for name, entry in header.items()
        if name != "__metadata__"
    )


def new_settings(settings: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the settings of a training with present names and words."""
    names = {**SETTINGS, "plain": PLAIN.get(kind, "plain")}
    if not kind:  # an encoder, whose warm-up is a number of steps, not a share of them
        names["warmup"] = "warmup_steps"
    return {names.get(key, key): VALUES.get((key, str(value)), value) for key, value in settings.items()}


def renamed(data: bytes) -> bytes:
    """Return a safetensors file with present names; its tensor bytes are unchanged."""
    header, body = split(data)
    metadata = header.pop("__metadata__")
    card = {CARD_KEYS.get(key, key): value for key, value in json.loads(metadata[CARD]).items()}
    if "figures" in card:
        card["figures"] = {FIGURES.get(key, key): value for key, value in card["figures"].items()}
    card["settings"] = new_settings(card["settings"], card.get("kind", ""))
    entries = {new_name(name): entry for name, entry in header.items()}
    if len(entries) != len(header):
        raise SystemExit("Two tensors would have one name.")
    text = json.dumps(
        {"__metadata__": {**metadata, CARD: json.dumps(card)}, **entries}, separators=(",", ":")
    ).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of 8 bytes
    return struct.pack("<Q", len(text)) + text + body


def main() -> None:
    """Rewrite the files named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    for path in parser.parse_args().files:
        before = path.read_bytes()
        after = renamed(before)
        if tensor_hashes(after) != tensor_hashes(before):
            raise SystemExit(f"{path}: tensors differ; nothing was written.")
        if split(after)[0] == split(before)[0]:
            print(f"{path}: has the present names")
            continue
        write_bytes_atomic(path, after)
        print(
            f"{path}: {sum(tensor_hashes(after).values())} tensors, bytes equal; {sha256(after).hexdigest()}"
        )


if __name__ == "__main__":
    main()
