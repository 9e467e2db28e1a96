"""Statistics of ImageNet's pixels, by which networks and optimisers normalise images. Importing it imports no torch."""

from __future__ import annotations

# Red, green and blue pixels in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
