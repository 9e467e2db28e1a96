"""Networks for one style each out of one for several; they share the weights that do not belong to a style.

Each style's own weights are its matrices, shifts and embedding: a twentieth of a network. The others go into one file,
the body, which `weights.read_network` reads with every style.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from impasto.errors import WeightsError
from impasto.feedforward.network_card import KIND_STYLES
from impasto.feedforward.pretrained import SUFFIX
from impasto.feedforward.weights import BODY_KEY, read_network, read_tensors, write_network
from impasto.hashing import file_sha256

BODY_SUFFIX = ".body"
MATRICES, SHIFTS, EMBEDDING = (
    f"style_embedding.{name}" for name in ("style_matrices.", "shifts.", "embedding")
)


def write_single_styles(
    path: Path, folder: Path, default_strength: float | None = None, body: Path | None = None
) -> list[Path]:
    """Write each style of the network `path` as a network of its own into `folder`, and their body.

    With `body`, the styles share that file of `folder` instead, which a training with ``styles_only`` left as it was.
    `default_strength` replaces that of the network. Returns the files of the styles, which have their names. Raises
    WeightsError for another kind of network, or one whose other weights are not those of `body`.
    """
    card, state = read_network(path)
    if default_strength is not None:
        card["default_strength"] = default_strength
    if card["kind"] != KIND_STYLES:
        raise WeightsError(f"{path} is a {card['kind']}; only a network for given styles has styles to part.")
    own = (MATRICES, SHIFTS, EMBEDDING)
    shared = {name: value for name, value in state.items() if not name.startswith(own)}
    if body is None:
        body = folder / f"{path.stem}{BODY_SUFFIX}"
        write_network(body, shared, {"kind": card["kind"], "name": path.stem}, small=True)
    elif not _equal(shared, read_tensors(body)):
        raise WeightsError(
            f"The network {path} does not share the weights of '{body.name}'; train it with --styles-only from one of"
            " its styles."
        )
    record = {"file": body.name, "sha256": file_sha256(body)}
    files = []
    for number, style in enumerate(card["styles"]):
        target = folder / f"{style['name']}{SUFFIX}"
        one = {**card, "name": style["name"], "styles": [style], BODY_KEY: record}
        write_network(target, _own_weights(state, number, len(card["styles"])), one, small=True)
        files.append(target)
    return files


def _equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(value.equal(other[name]) for name, value in one.items())


def _own_weights(state: Mapping[str, Tensor], number: int, count: int) -> dict[str, Tensor]:
    """Return the weights of style `number` of `count`, named as in a network for one style."""
    own = {EMBEDDING: state[EMBEDDING][number : number + 1]}
    for name, value in state.items():
        if name.startswith(SHIFTS):
            own[name] = value[number : number + 1]
        elif name.startswith(MATRICES):
            layer, style = divmod(int(name.removeprefix(MATRICES)), count)
            if style == number:
                own[f"{MATRICES}{layer}"] = value
    return own
