"""Beginning with the network for any style, and painting with a network that is still being trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.errors import WeightsError
from impasto.imaging import fit, resize
from impasto.networks.fast.anystyle import read_any, restore
from impasto.networks.fast.body import Body
from impasto.networks.fast.codes import Coder
from impasto.networks.fast.model import dequantise, quantise
from impasto.networks.run.loaded import Loaded
from impasto.networks.styles import files

PREVIEW = 512
MOST_SHOWN = 4


def open_any(path: Path | None) -> tuple[Body, Coder]:
    """Return body and coder of a network for any style; None is the one that ships.

    Raises WeightsError if it is not there, damaged, or a network of another kind.
    """
    if path is None:
        shipped = resources.files("impasto.networks") / "data" / "any.safetensors"
        path = Path(str(shipped))
        if not path.is_file():
            raise WeightsError(
                "This impasto came without the network for any style; name one with --from, or give --start nothing."
            )
    card, state = read_any(path)
    try:
        return restore(card, state)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(f"The network {path} does not fit its own card; fetch it again.") from error


def painters(card: Mapping[str, Any], weights: Mapping[str, Tensor]) -> list[Callable[[Tensor], Tensor]]:
    """Return for each style what paints `(1, 3, H, W)` in it, with `weights` as they will be stored.

    `card` says kind and styles. What is painted is not finite where the network's values are not.
    """
    network, table = files.restore(card, dequantise(quantise(weights)))
    loaded = Loaded(network, name=str(card["name"]))
    count = len(card["styles"])

    def painter(number: int) -> Callable[[Tensor], Tensor]:
        one = torch.ones(1)
        code = table(torch.eye(count)[number : number + 1], one, one)

        def paint(image: Tensor) -> Tensor:
            try:
                return loaded.paint(image, code)
            except WeightsError:  # which is how it says that values are not finite
                return torch.full_like(image, torch.nan)

        return paint

    return [painter(number) for number in range(count)]


def preview(card: Mapping[str, Any], weights: Mapping[str, Tensor], photograph: Tensor) -> Tensor:
    """Return the `photograph` `(1, 3, H, W)`, at most 512 pixels, beside its paintings in up to 4 styles."""
    height, width = photograph.shape[2:]
    small = resize(photograph, fit(height, width, min(PREVIEW, max(height, width))))
    shown = [paint(small).nan_to_num() for paint in painters(card, weights)[:MOST_SHOWN]]
    return torch.cat([small, *shown], 3)
