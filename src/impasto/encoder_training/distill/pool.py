"""On-policy pictures: short style transfers through the student while it is trained.

An optimiser exploits the errors of its encoder. Distilling on the pictures that it paints removes these errors, as
DAgger trains a policy on the states that it visits (Ross et al. 2011).
"""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor

from impasto.losses import RelativeMomentLoss, content_loss
from impasto.training.crops import Crops

Features = Callable[[Tensor], dict[str, Tensor]]
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYERS = ("relu3_1", "relu4_1", "relu4_2")
SNAPSHOTS = 5
STYLE_LOSS = RelativeMomentLoss()


class OnPolicyPool:
    """A bounded queue of on-policy pictures: uint8 (3,s,s), painted through the student."""

    def __init__(self, crops: Crops, capacity: int, steps: int = 40, count: int = 8) -> None:
        self.crops = crops
        self.capacity = capacity
        self.steps = steps
        self.count = count
        self.images: list[Tensor] = []

    def refresh(self, student: Features) -> None:
        """Paint `count` random pairs of content and style images for `steps` steps; keep snapshots of them."""
        content, style = self.crops.pair(self.count)
        if self.crops.choice.random() < 0.25:
            content = style.roll(1, 0)
        snapshots = paint(student, content, style, self.steps, self.crops.choice, self.crops.noise)
        self.images.extend(image for batch in snapshots for image in batch)
        del self.images[: -self.capacity]

    def draw(self, rng: random.Random) -> Tensor:
        """Return a random on-policy picture (1,3,s,s) in [0,1]."""
        return rng.choice(self.images)[None].float() / 255


def paint(
    student: Features,
    content: Tensor,
    style: Tensor,
    steps: int,
    rng: random.Random,
    noise: torch.Generator,
) -> list[Tensor]:
    """Return `SNAPSHOTS` batches of uint8 pictures (B,3,s,s) from a short optimisation of style plus content loss.

    The style loss compares means and covariances relative to the style's, the content loss is relative to the
    content's variance. The weight between them, the step size and the initial picture are random.
    """
    with torch.no_grad():
        style_targets = {
            layer: STYLE_LOSS.measure(f) for layer, f in student(style).items() if layer in STYLE_LAYERS
        }
        content_targets = {layer: f for layer, f in student(content).items() if layer in CONTENT_LAYERS}
    start = content
    if rng.random() < 0.3:
        start = (0.5 + 0.25 * torch.randn(content.shape, generator=noise)).clamp(0, 1)
    device = next(iter(content_targets.values())).device  # the student's
    image = start.to(device, copy=True).requires_grad_(True)
    alpha = 10 ** rng.uniform(-1.5, 0.7)
    optimizer = torch.optim.Adam([image], lr=rng.choice((0.02, 0.04, 0.06)), betas=(0.9, 0.99))
    marks = {round(steps * (k + 1) / SNAPSHOTS) for k in range(SNAPSHOTS)}
    snapshots = []
    for step in range(1, steps + 1):
        features = student(image)
        terms = [STYLE_LOSS.distance(features[layer], target) for layer, target in style_targets.items()]
        terms += [
            alpha * content_loss(features[layer], target, "variance")
            for layer, target in content_targets.items()
        ]
        loss = torch.stack(terms).sum()
        (image.grad,) = torch.autograd.grad(loss, image)  # backward() would also fill the student's gradients
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
            if step in marks:
                snapshots.append((image * 255).round().byte().cpu())
    return snapshots
