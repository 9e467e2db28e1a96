"""A network for a few styles as a file: weights in eight bits, a card in the header, a page beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto.errors import RecipeError, WeightsError
from impasto.feedforward.modules.johnson import JOHNSON, JohnsonNet
from impasto.feedforward.modules.style_embedding import STYLES, USUAL, ConditionalInstanceNorm, StyleEmbedding
from impasto.feedforward.modules.transform import BLOCKS, WIDTHS, TransformNet
from impasto.feedforward.style_settings import StyleSettings
from impasto.feedforward.weights import read_network, write_network
from impasto.hashing import file_sha256
from impasto.imaging import write_text_atomic
from impasto.training.optimizers import put


@dataclass(frozen=True)
class StyleRecord:
    """What a file says of one of its styles: a name to ask for it by, and whose painting it is."""

    name: str
    title: str
    credit: str
    licence: str
    sha256: str


def describe(
    paths: Sequence[Path], titles: Sequence[str], credits: Sequence[str], licences: Sequence[str]
) -> list[StyleRecord]:
    """Return the records of the paintings `paths`; words are given for all of them in order, or for none.

    Titles default to the file's name; names are the files' stems, numbered where they repeat. Raises RecipeError
    for words of another number.
    """
    for what, words in (("title", titles), ("credit", credits), ("licence", licences)):
        if words and len(words) != len(paths):
            raise RecipeError(
                f"There are {len(paths)} styles and {len(words)} times --{what}; give it once for each, in order."
            )
    found: list[StyleRecord] = []
    for index, path in enumerate(paths):
        name, number = path.stem, 1
        while name in {record.name for record in found}:
            number += 1
            name = f"{path.stem}-{number}"
        found.append(
            StyleRecord(
                name,
                titles[index] if titles else path.stem,
                credits[index] if credits else "",
                licences[index] if licences else "",
                file_sha256(path),
            )
        )
    return found


def make_card(
    kind: str,
    name: str,
    settings: StyleSettings,
    styles: Sequence[StyleRecord],
    figures: Mapping[str, float],
    origin: Mapping[str, str],
) -> dict[str, Any]:
    """Return what a file says of itself; no date or path of output is in it, so equal runs give equal files."""
    shape: dict[str, Any] = {"widths": list(WIDTHS), "blocks": list(BLOCKS)} if kind == STYLES else {}
    if kind == STYLES and settings.hold:
        shape["usual"] = USUAL
    controls = StyleEmbedding.controls if kind == STYLES else ConditionalInstanceNorm.controls
    return {
        "kind": kind, "version": 1, "name": name, **shape, "controls": list(controls),
        "styles": [asdict(style) for style in styles], "settings": settings.model_dump(),
        "figures": {key: round(value, 6) for key, value in figures.items()}, **origin,
    }  # fmt: skip


def write_styles(path: Path, weights: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Write `weights` (``body.*`` and ``table.*``) and `card`, atomically, kernels and matrices in eight bits."""
    write_network(path, weights, card, small=True)


def open_styles(
    path: Path,
) -> tuple[TransformNet | JohnsonNet, StyleEmbedding | ConditionalInstanceNorm, dict[str, Any]]:
    """Return network, table and card of a file for a few styles, frozen, running no code of it.

    Raises WeightsError if it is missing, damaged, or of another kind.
    """
    card, state = read_network(path)
    if card["kind"] not in (STYLES, JOHNSON):
        raise WeightsError(
            f"{path} is a {card['kind']}, not a network for given styles; use --style with it."
        )
    try:
        network, table = restore(card, state)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(f"The network {path} does not fit its own card; train it again.") from error
    return network, table, card


def restore(
    card: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> tuple[TransformNet | JohnsonNet, StyleEmbedding | ConditionalInstanceNorm]:
    """Return network and table, frozen, with `weights`; raises KeyError, RuntimeError or ValueError if they do not fit.

    `card` has to say kind and styles, and widths and blocks of a lean network.
    """
    count = len(card["styles"])
    network: TransformNet | JohnsonNet
    table: StyleEmbedding | ConditionalInstanceNorm
    if card["kind"] == STYLES:
        network = TransformNet(tuple(card["widths"]), tuple(card["blocks"]))
        table = StyleEmbedding(network.sites, count)
    else:
        network = JohnsonNet()
        table = ConditionalInstanceNorm(network.sites, count)
    for prefix, module in (("body.", network), ("table.", table)):
        put({f"{prefix}{name}": value for name, value in module.state_dict().items()}, weights)
        module.eval()
        module.requires_grad_(False)
    return network, table


def write_page(path: Path, card: Mapping[str, Any], command: str) -> None:
    """Write the model card as Markdown; `command` is the command line that trained it."""
    write_text_atomic(path, page(card, command))


def page(card: Mapping[str, Any], command: str) -> str:
    """Return the model card as Markdown."""
    settings = card["settings"]
    what = (
        "Paints in one pass; styles can be mixed, strength and stroke size chosen when it paints."
        if card["kind"] == STYLES
        else "The transformation network of Johnson et al. (2016) with instance normalisation; styles can be mixed."
    )
    rows = [
        f"| {_cell(s['name'])} | {_cell(s['title'])} | {_cell(s['credit']) or '-'} | {_cell(s['licence']) or '-'} |"
        f" `{s['sha256'][:16]}` |"
        for s in card["styles"]
    ]
    lines = [
        f"# {card['name']}", "", what, "",
        f"* Losses through the encoder `{settings['encoder']}`; preset `{settings['preset']}`.",
        f"* Began with: {card['began_with']}.",
        f"* Photographs: {card['photographs']} to train on, from the folder `{card['photos']}`. Their licences are"
        " for whoever passes the network on to look after.",
        f"* {settings['steps']} steps, batches of {settings['batch']}, {settings['size']} pixels, seed"
        f" {settings['seed']}.",
        f"* Trained by: `{command}`",
        _checked(card),
        "", "| style | title | credit | licence | SHA-256 of the file begins |", "|---|---|---|---|---|", *rows, "",
        "| figure over the last steps | |", "|---|---|",
        *(f"| {name} | {value:.4g} |" for name, value in card["figures"].items()),
        "", "Settings:", "", "```json", json.dumps(settings, indent=2), "```", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _checked(card: Mapping[str, Any]) -> str:
    if card.get("faults"):
        return "* Written although its checks found: " + "; ".join(card["faults"]) + "."
    return (
        "* Checked before it was written: flat pictures of grey, black and white gain no blobs, a painted photograph"
        " no lattice, and every value is finite."
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
