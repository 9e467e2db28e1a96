"""Model cards of networks for given styles, and their weights files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto.errors import RecipeError, WeightsError
from impasto.feedforward.margin import WIDE_MARGIN
from impasto.feedforward.modules.johnson import JohnsonNet
from impasto.feedforward.modules.style_embedding import (
    DEFAULT_STRENGTH,
    ConditionalInstanceNorm,
    StyleEmbedding,
)
from impasto.feedforward.modules.transform import BLOCKS, WIDTHS, TransformNet
from impasto.feedforward.network_card import KIND_JOHNSON, KIND_STYLES, controls_of
from impasto.feedforward.restore import restore_given_styles
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.training_presets import PUBLISHED
from impasto.feedforward.weights import read_network, write_network
from impasto.hashing import file_sha256
from impasto.imaging import write_text_atomic
from impasto.training.cards import settings_block, table


@dataclass(frozen=True)
class StyleRecord:
    """One style of a network: its name in commands, the title, credit and licence of the style image, its SHA-256."""

    name: str
    title: str
    credit: str
    licence: str
    sha256: str


def describe(
    paths: Sequence[Path], titles: Sequence[str], credits: Sequence[str], licences: Sequence[str]
) -> list[StyleRecord]:
    """Return the records of the style images `paths`.

    Titles, credits and licences are given for all of them in order, or for none. Titles default to the file's stem;
    names are the stems, numbered where they repeat. Raises RecipeError for any other number of words.
    """
    for what, words in (("title", titles), ("credit", credits), ("licence", licences)):
        if words and len(words) != len(paths):
            raise RecipeError(
                f"There are {len(paths)} styles and {len(words)} times --{what}; give it once for each, in order."
            )
    records: list[StyleRecord] = []
    for index, path in enumerate(paths):
        name, number = path.stem, 1
        while name in {record.name for record in records}:
            number += 1
            name = f"{path.stem}-{number}"
        records.append(
            StyleRecord(
                name,
                titles[index] if titles else path.stem,
                credits[index] if credits else "",
                licences[index] if licences else "",
                file_sha256(path),
            )
        )
    return records


def make_card(
    kind: str,
    name: str,
    settings: GivenStyleSettings,
    styles: Sequence[StyleRecord],
    figures: Mapping[str, float],
    origin: Mapping[str, str],
    blocks: Sequence[int] = BLOCKS,
) -> dict[str, Any]:
    """Return the card in a file's header; it holds no date and no output path, so equal runs give equal files.

    `blocks` are the counts of the default network's residual blocks.
    """
    shape: dict[str, Any] = {}
    if kind == KIND_STYLES:
        shape = {"widths": list(WIDTHS), "blocks": list(blocks), "detail": settings.detail}
        shape["grain"], shape["margin"] = settings.grain, WIDE_MARGIN
    if kind == KIND_STYLES and settings.hold_strength:
        shape["default_strength"] = DEFAULT_STRENGTH
    return {
        "kind": kind,
        "version": 1,
        "name": name,
        **shape,
        "controls": list(controls_of(kind)),
        "styles": [asdict(style) for style in styles],
        "settings": settings.model_dump(),
        "figures": {key: round(value, 6) for key, value in figures.items()},
        **origin,
    }


def write_styles(path: Path, weights: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Write `weights` (``network.*`` and ``style_embedding.*``) and `card` atomically, large tensors as int8."""
    write_network(path, weights, card, small=True)


def open_styles(
    path: Path,
) -> tuple[TransformNet | JohnsonNet, StyleEmbedding | ConditionalInstanceNorm, dict[str, Any]]:
    """Return the frozen network, style embedding and card of a file for given styles; no code in it is run.

    Raises WeightsError if it is missing, damaged, or of another kind.
    """
    card, state = read_network(path)
    if card["kind"] not in (KIND_STYLES, KIND_JOHNSON):
        raise WeightsError(
            f"{path} is a {card['kind']}, not a network for given styles; use --style with it."
        )
    try:
        network, style_embedding = restore_given_styles(card, state)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(f"The network {path} does not fit its own card; train it again.") from error
    return network, style_embedding, card


def write_page(path: Path, card: Mapping[str, Any], command: str) -> None:
    """Write the model card as Markdown; `command` is the command line that trained it."""
    write_text_atomic(path, page(card, command))


def page(card: Mapping[str, Any], command: str) -> str:
    """Return the model card as Markdown."""
    settings = card["settings"]
    styles = [
        (s["name"], s["title"], s["credit"] or "-", s["licence"] or "-", f"`{s['sha256'][:16]}`")
        for s in card["styles"]
    ]
    figures = [(name, f"{value:.4g}") for name, value in card["figures"].items()]
    lines = [
        f"# {card['name']}",
        "",
        _description(card),
        "",
        f"* Losses through the encoder `{settings['encoder']}`; preset `{settings['preset']}`.",
        f"* Started from: {card['started_from']}.",
        f"* Photographs: {card['photographs']} to train on, from the folder `{card['photos']}`. Check their licences"
        " before you pass the network on.",
        f"* {_length(card)}, batches of {settings['batch']}, {settings['size']} pixels, seed {settings['seed']}.",
        f"* Trained by: `{command}`",
        _checks(card),
        *_deviations(card),
        "",
        *table(("style", "title", "credit", "licence", "SHA-256 of the file begins"), styles),
        "",
        *table(("figure over the last steps", ""), figures),
        "",
        *settings_block(settings),
    ]
    return "\n".join(lines)


def _description(card: Mapping[str, Any]) -> str:
    """Return what the network is, and what is chosen when it paints."""
    text = "The transformation network of Johnson et al. (2016) with instance normalisation."
    if card["kind"] == KIND_STYLES:
        default = f" (by default {card['default_strength']:g})" if "default_strength" in card else ""
        text = f"Paints in one pass. Strength{default} and stroke size are chosen when it paints."
    return f"{text} Styles can be mixed." if len(card["styles"]) > 1 else text


def _length(card: Mapping[str, Any]) -> str:
    """Return how long the training was: "1000 steps", or "5 minutes, which were 420 steps"."""
    minutes = card["settings"].get("minutes")
    if minutes is None:
        return f"{card['settings']['steps']} steps"
    return f"{minutes:g} minutes, which were {card['steps_done']} steps"


def _deviations(card: Mapping[str, Any]) -> list[str]:
    """Return one line per deviation from the source of a published preset."""
    preset = PUBLISHED.get(card["settings"]["preset"])
    if preset is None:
        return []
    substitutes = card.get("substitutes", {})
    layers = [f"  * Layers: {layer_names(substitutes)}."] if substitutes else []
    return [f"* Deviations from {preset.source}:", *layers, *(f"  * {text}" for text in preset.deviations)]


def layer_names(substitutes: Mapping[str, str]) -> str:
    """Return layers that serve instead of published ones as text: "relu1_1 for relu1_2, relu2_1 for relu2_2"."""
    return ", ".join(f"{layer} for {published}" for published, layer in substitutes.items())


def _checks(card: Mapping[str, Any]) -> str:
    if card.get("faults"):
        return "* Accepted although its checks found: " + "; ".join(card["faults"]) + "."
    return (
        "* Checks passed: flat pictures of grey, black and white gain no blobs, a painted photograph has no"
        " checkerboard artifact, and every value is finite."
    )
