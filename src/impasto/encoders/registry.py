"""Encoders by name, and the one way to open them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from impasto.encoders import tiny, untrained
from impasto.encoders.base import Encoder, freeze
from impasto.encoders.catalogue import CATALOGUE, WeightRecord
from impasto.encoders.finetuned import is_file_name, parent_name, read_card
from impasto.encoders.resnet import ResNet50
from impasto.encoders.store import load_state, require
from impasto.encoders.vgg import BLOCKS, PADDINGS, POOLING_SCALES, VGG
from impasto.errors import RecipeError, WeightsError, unknown


@dataclass(frozen=True)
class Options:
    """What can be chosen about an encoder besides its weights; see `VGG`."""

    pooling: str = "max"
    padding: str = "replicate"
    rescale: bool = True


@dataclass(frozen=True)
class EncoderEntry:
    """One encoder by name: how to build it, what it is in a sentence, and whether `Options` apply to it."""

    name: str
    build: Callable[[Path | None, Options], Encoder]
    summary: str
    adjustable: bool = False


class Registry:
    """Encoder entries by name; adding is atomic, so that other threads see all of it or nothing."""

    def __init__(self) -> None:
        self._entries: Mapping[str, EncoderEntry] = MappingProxyType({})
        self._lock = threading.Lock()

    def add(self, *entries: EncoderEntry) -> None:
        """Add all of `entries` or, if any name is taken or given twice (RecipeError), none of them."""
        with self._lock:
            merged = dict(self._entries)
            for entry in entries:
                if entry.name in merged:
                    raise RecipeError(f"Encoder '{entry.name}' is registered already; choose another name.")
                merged[entry.name] = entry
            self._entries = MappingProxyType(merged)

    def __getitem__(self, name: str) -> EncoderEntry:
        entries = self._entries
        if name not in entries:
            raise RecipeError(unknown("encoder", name, entries))
        return entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def open_encoder(
    name: str,
    *,
    weights: Path | None = None,
    pooling: str = "max",
    padding: str = "replicate",
    rescale: bool = True,
) -> Encoder:
    """Return the encoder called `name` in float32 on the CPU, frozen, in evaluation mode; then `prepare` it.

    `name` may also be a `.safetensors` file that `impasto finetune` wrote: the encoder is then its parent's
    network with the weights in it. `weights` is a local file, else the weights folder is searched; nothing
    is downloaded. `pooling`, `padding` and `rescale` are for VGG networks (see `VGG`). Raises RecipeError on
    an unknown name or option, or one that this encoder does not have, and WeightsError if the weights are
    missing or do not fit.
    """
    if name not in ENCODERS and is_file_name(name):
        if weights is not None:
            raise RecipeError(
                f"Encoder '{name}' is a file that holds its weights (got {weights} as well); leave --weights out."
            )
        weights = Path(name)
        name = parent_name(weights)
    entry = ENCODERS[name]
    if pooling not in POOLING_SCALES:
        raise RecipeError(unknown("pooling", pooling, POOLING_SCALES))
    if padding not in PADDINGS:
        raise RecipeError(unknown("padding", padding, PADDINGS))
    options = Options(pooling, padding, rescale)
    if options != Options() and not entry.adjustable:
        raise RecipeError(
            f"Encoder '{name}' has its pooling and padding built in (got {pooling}, {padding}, rescale "
            f"{rescale}); leave them out, or use vgg16 or vgg19."
        )
    return freeze(entry.build(weights, options))


def _build_compact(weights: Path | None, options: Options) -> Encoder:  # noqa: ARG001 (no options)
    from impasto.encoders import compact

    encoder: Encoder = compact.build(weights)
    return encoder


def _build_untrained(name: str, make: Callable[..., VGG]) -> Callable[[Path | None, Options], Encoder]:
    def build(weights: Path | None, options: Options) -> Encoder:
        state = None
        if weights is not None:
            if read_card(weights).get("encoder") != name:
                raise RecipeError(
                    f"Encoder '{name}' has no weights file (got {weights}); leave --weights out."
                )
            state = load_state(weights)
        return make(
            state,
            source=str(weights or "as built in"),
            pooling=options.pooling,
            padding=options.padding,
            rescale=options.rescale,
        )

    return build


def _build_from(record: WeightRecord) -> Callable[[Path | None, Options], Encoder]:
    def build(weights: Path | None, options: Options) -> Encoder:
        path = weights or require(record.name)
        _refuse_sibling(path, record)
        state = load_state(path)
        if record.encoder == "resnet50":
            return ResNet50(record.name, state, source=str(path))
        return VGG(
            record.name,
            BLOCKS[record.encoder],
            state,
            source=str(path),
            pooling=options.pooling,
            padding=options.padding,
            rescale=options.rescale,
            preprocessing=record.preprocessing,
        )

    return build


def _refuse_sibling(path: Path, record: WeightRecord) -> None:
    """Raise WeightsError if `path` is known to expect other pixels; such weights would load and mislead."""
    for other in CATALOGUE.values():
        if path.name == other.filename and other.preprocessing != record.preprocessing:
            raise WeightsError(
                f"Weights {path} expect other pixels than encoder '{record.name}' gives; "
                f"use --encoder {other.name}."
            )
    parent = read_card(path).get("encoder", record.name)
    if parent != record.name:
        raise WeightsError(
            f"Weights {path} were fine-tuned from '{parent}', not from '{record.name}'; use --encoder {path}."
        )


ENCODERS = Registry()
ENCODERS.add(
    EncoderEntry("compact", _build_compact, "ships with impasto; a small network distilled from VGG-19"),
    *(
        EncoderEntry(
            known.name,
            _build_from(known),
            f"{known.paper}; weights by {known.authors}",
            adjustable=known.encoder in BLOCKS,
        )
        for known in CATALOGUE.values()
    ),
    EncoderEntry(
        untrained.NAME,
        _build_untrained(untrained.NAME, untrained.build),
        "VGG-19 with fixed random weights: the control without training",
        adjustable=True,
    ),
    EncoderEntry(
        "tiny",
        _build_untrained("tiny", tiny.build),
        "fixed random weights: for tests and as a control",
        adjustable=True,
    ),
)
