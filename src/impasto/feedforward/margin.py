"""Margin that a picture gets around it while a network paints it. This module does not import torch.

Convolutions see the border of the picture, as far as their receptive field reaches. A network trained on small crops
learns to paint a frame there. With a wide margin of mirrored pixels, the frame is painted outside the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impasto.imaging.frame import MARGIN

# Pixels on every side that hide what the shipped styles paint at borders; wider ones change the pictures little.
WIDE_MARGIN = 96
LARGEST_MARGIN = 256


def card_margin(card: Mapping[str, Any]) -> int:
    """Return the pixels on every side that a network's card asks for, at least `MARGIN`."""
    return min(LARGEST_MARGIN, max(MARGIN, int(card.get("margin", MARGIN))))
