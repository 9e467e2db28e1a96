"""Leaded glass: panes, the lead between them, and the light through them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .colour import Field, jitter
from .noise import clouds, grid, sample, streaks
from .surface import Points, blur, over, read, relief, ribbon, work_size


class Window:
    """Panes of glass with numbers, the lead between them and the dark paint on them."""

    def __init__(self, size: int, ground: int) -> None:
        self.shape = (size, size)
        self.unit = work_size(size)
        self.panes = Image.new("I", (self.unit, self.unit), 0)
        self.lead = Image.new("L", (self.unit, self.unit), 0)
        self.paint = Image.new("L", (self.unit, self.unit), 0)
        self._panes = ImageDraw.Draw(self.panes)
        self._lead = ImageDraw.Draw(self.lead)
        self._paint = ImageDraw.Draw(self.paint)
        self.tints: list[int] = [ground]

    def pane(self, points: Points, tint: int, width: float) -> None:
        """Set a pane in front of existing ones, with lead of `width` around it."""
        flat = (np.asarray(points) * self.unit).ravel().tolist()
        self.tints.append(tint)
        self._panes.polygon(flat, fill=len(self.tints) - 1)
        self._lead.polygon(flat, fill=0)
        self._paint.polygon(flat, fill=0)
        self.came(np.concatenate([points, points[:1]]), width)

    def came(self, points: Points, width: float) -> None:
        """Lay a strip of lead."""
        pixels = max(1, round(width * self.unit))
        flat = (np.asarray(points) * self.unit).ravel().tolist()
        self._lead.line(flat, 255, pixels, joint="curve")

    def line(self, points: Field, widths: Field) -> None:
        """Paint a fired-on dark line of varying width onto the glass."""
        self._paint.polygon((ribbon(points, widths) * self.unit).ravel().tolist(), fill=255)

    def solder(self, x: float, y: float, radius: float) -> None:
        """Drop solder onto a joint."""
        self._lead.ellipse(
            [v * self.unit for v in (x - radius, y - radius, x + radius, y + radius)], fill=255
        )

    def light(self, rng: np.random.Generator, glass: Field) -> Field:
        """Return the window lit from behind, `(h, w, 3)` in 0-255; `glass` holds a colour per tint."""
        colours = jitter(rng, glass[np.asarray(self.tints)], 16, 11)
        numbers = np.asarray(self.panes)
        flat = read(Image.fromarray(colours.astype(np.uint8)[numbers]), self.shape) * 255
        lead, lines = read(self.lead, self.shape), read(self.paint, self.shape)
        small = self.panes.resize(self.shape, Image.Resampling.NEAREST)
        texture = self._texture(rng, np.asarray(small))
        hollow = np.maximum(blur(lead, 0.009), 0.8 * blur(lead, 0.022))
        x, y = grid(self.shape)
        centre = np.exp(-2.2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2))
        depth = 0.28 + 0.30 * centre + 0.72 * np.clip(1 - 1.9 * hollow, 0, 1) + 0.16 * texture
        through = 255 * (flat / 255) ** (1.45 - 0.5 * np.clip(depth, 0, 1.4))[..., None] * depth[..., None]
        through = through + 42 * np.clip(depth - 1.12, 0, 1)[..., None]
        through = over(through, (26, 14, 10), 0.88 * lines)
        leaded = over(through, self._metal(rng, lead), np.clip(lead * 1.15, 0, 1))
        halo = np.stack([blur(through[..., c] * (1 - lead), 0.007) for c in range(3)], axis=-1)
        return leaded + 0.20 * halo

    def _texture(self, rng: np.random.Generator, numbers: Field) -> Field:
        """Return streaks at another angle in each pane, mottling and bubbles, about deviation 1."""
        x, y = grid(self.shape)
        angle = (np.arange(len(self.tints)) * 2.399).astype(np.float32)[numbers]
        u = 0.5 + 0.7 * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle))
        v = 0.5 + 0.7 * (-(x - 0.5) * np.sin(angle) + (y - 0.5) * np.cos(angle))
        drawn = sample(streaks(rng, self.shape, 14, 110, 3), u, v)
        mottle = clouds(rng, self.shape, 24, 4, 0.65)
        seeds = Image.new("L", (self.unit, self.unit), 0)
        pen = ImageDraw.Draw(seeds)
        for cx, cy, r in np.c_[rng.random((1500, 2)), rng.exponential(0.0009, 1500) + 0.0006] * self.unit:
            pen.ellipse((cx - r, cy - 1.5 * r, cx + r, cy + 1.5 * r), fill=255)
        bubbles = relief(blur(read(seeds, self.shape), 0.0012), 0.006)
        return np.asarray(0.6 * drawn + 0.55 * mottle + 2.2 * bubbles, dtype=np.float32)

    def _metal(self, rng: np.random.Generator, lead: Field) -> Field:
        """Return the colour of the lead: dark, rounded, scratched, with light on its upper left."""
        height = blur(lead, 0.0016) + 0.03 * clouds(rng, self.shape, 150, 3)
        shine = relief(height, 0.0085)
        tone = 30 + 9 * clouds(rng, self.shape, 60, 3) + 150 * np.maximum(shine, 0) ** 1.2 + 14 * shine
        return np.stack([tone * 0.97, tone, tone * 1.08], axis=-1).astype(np.float32)
