"""Registry of the encoders, and `open_encoder`."""

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
from impasto.encoders.store import load_state, require_weights
from impasto.encoders.vgg import BLOCKS, PADDINGS, POOLING_SCALES, VGG
from impasto.errors import RecipeError, WeightsError, unknown


@dataclass(frozen=True)
class EncoderOptions:
    """Options of a VGG encoder besides its weights; see `VGG`."""

    pooling: str = "max"
    padding: str = "replicate"
    rescale: bool = True


@dataclass(frozen=True)
class EncoderEntry:
    """One encoder: its name, how to build it, a one-line summary, and whether `EncoderOptions` apply to it."""

    name: str
    build: Callable[[Path | None, EncoderOptions], Encoder]
    summary: str
    adjustable: bool = False


class EncoderRegistry:
    """Encoder entries by name. Adding is atomic: other threads see all new entries or none."""

    def __init__(self) -> None:
        self._entries: Mapping[str, EncoderEntry] = MappingProxyType({})
        self._lock = threading.Lock()

    def add(self, *entries: EncoderEntry) -> None:
        """Add all entries; raises RecipeError and adds none if a name is taken or occurs twice."""
        with self._lock:
            merged = dict(self._entries)
            for entry in entries:
                if entry.name in merged:
                    raise RecipeError(f"Encoder '{entry.name}' is already registered; choose another name.")
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
    """Return an encoder in float32 on the CPU, frozen and in evaluation mode; `prepare` moves and casts it.

    Args:
        name: name of the encoder, or a `.safetensors` file written by `impasto finetune`.
        weights: weights file; by default it is searched for in the weights folder. Nothing is downloaded.
        pooling: pooling of a VGG network (see `VGG`).
        padding: padding of a VGG network.
        rescale: whether a VGG network rescales average and l2 pooling.

    Raises RecipeError if a name or option is unknown or does not apply to this encoder, and WeightsError if the
    weights are missing or do not fit.
    """
    if name not in ENCODERS and is_file_name(name):
        if weights is not None:
            raise RecipeError(
                f"Encoder '{name}' is a file with its own weights (got {weights} as well); leave out --weights."
            )
        weights = Path(name)
        name = parent_name(weights)
    entry = ENCODERS[name]
    if pooling not in POOLING_SCALES:
        raise RecipeError(unknown("pooling", pooling, POOLING_SCALES))
    if padding not in PADDINGS:
        raise RecipeError(unknown("padding", padding, PADDINGS))
    options = EncoderOptions(pooling, padding, rescale)
    if options != EncoderOptions() and not entry.adjustable:
        raise RecipeError(
            f"Pooling and padding of encoder '{name}' are built in (got {pooling}, {padding}, rescale "
            f"{rescale}); leave the options out, or use vgg16 or vgg19."
        )
    return freeze(entry.build(weights, options))


def _build_compact(weights: Path | None, options: EncoderOptions) -> Encoder:  # noqa: ARG001 (no options)
    from impasto.encoders import compact

    encoder: Encoder = compact.build(weights)
    return encoder


def _build_untrained(name: str, make: Callable[..., VGG]) -> Callable[[Path | None, EncoderOptions], Encoder]:
    def build(weights: Path | None, options: EncoderOptions) -> Encoder:
        state = None
        if weights is not None:
            if read_card(weights).get("encoder") != name:
                raise RecipeError(
                    f"Encoder '{name}' has no weights file (got {weights}); leave out --weights."
                )
            state = load_state(weights, "features.")
        return make(
            state,
            source=str(weights or "as built in"),
            pooling=options.pooling,
            padding=options.padding,
            rescale=options.rescale,
        )

    return build


def _build_from(record: WeightRecord) -> Callable[[Path | None, EncoderOptions], Encoder]:
    def build(weights: Path | None, options: EncoderOptions) -> Encoder:
        path = weights or require_weights(record.name)
        _check_preprocessing(path, record)
        if record.encoder == "resnet50":
            return ResNet50(record.name, load_state(path), source=str(path))
        return VGG(
            record.name,
            BLOCKS[record.encoder],
            # The classifier, four fifths of the file, is read only by `open_vgg_classifier`.
            load_state(path, "features."),
            source=str(path),
            pooling=options.pooling,
            padding=options.padding,
            rescale=options.rescale,
            preprocessing=record.preprocessing,
        )

    return build


def _check_preprocessing(path: Path, record: WeightRecord) -> None:
    """Raise WeightsError if the weights expect other pixels: they would load, but give wrong features."""
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


ENCODERS = EncoderRegistry()
ENCODERS.add(
    EncoderEntry("compact", _build_compact, "ships with impasto: a small network distilled from VGG-19"),
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
        "VGG-19 with fixed random weights, as an untrained control",
        adjustable=True,
    ),
    EncoderEntry(
        "tiny",
        _build_untrained("tiny", tiny.build),
        "a very small VGG with fixed random weights, for tests and as a control",
        adjustable=True,
    ),
)
