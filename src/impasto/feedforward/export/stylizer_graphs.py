"""The graphs that a `GraphStylizer` runs: moments of a style image, style parameters, and the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders import COMPONENTS, Encoder, open_encoder
from impasto.feedforward.export.graph import GraphSource, core_source, part_names
from impasto.feedforward.export.predictor import free_sides
from impasto.feedforward.export.templates import graph_bytes
from impasto.feedforward.modules.style_predictor import LAYERS, StylePredictor, StyleStatistics
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.open_network import AnyStyle, GivenStyles, OnePassModel, open_model


class MomentsModule(nn.Module):
    """Mean `(1, K)` and mean of the products `(1, K, K)` of the features of each of `LAYERS`."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the means, then the means of products, for a style `image` `(1, 3, h, w)` in [0, 1]."""
        rows = [features.flatten(2) for features in self.encoder(image, LAYERS).values()]
        return (*(x.mean(2) for x in rows), *(x @ x.mT / x.shape[2] for x in rows))


class PredictorGraphModule(nn.Module):
    """A style predictor with plain tensors as inputs and outputs."""

    def __init__(self, style_predictor: StylePredictor) -> None:
        super().__init__()
        self.style_predictor = style_predictor

    def forward(self, means: list[Tensor], roots: list[Tensor], strength: Tensor) -> tuple[Tensor, ...]:
        """Return matrices, then shifts, for the statistics of `LAYERS` and a `strength` `(1,)`."""
        statistics = StyleStatistics(
            dict(zip(LAYERS, means, strict=True)), dict(zip(LAYERS, roots, strict=True))
        )
        return flat_parts(self.style_predictor(statistics, strength))


class EmbeddingGraphModule(nn.Module):
    """An embedding of given styles with plain tensors as outputs."""

    def __init__(self, style_embedding: nn.Module) -> None:
        super().__init__()
        self.style_embedding = style_embedding

    def forward(self, weights: Tensor, strength: Tensor, stroke: Tensor) -> tuple[Tensor, ...]:
        """Return matrices, then shifts, of a mixture by `weights` `(1, n)` at a strength and a stroke `(1,)`."""
        return flat_parts(self.style_embedding(weights, strength, stroke))


def flat_parts(style_params: StyleParams) -> tuple[Tensor, ...]:
    """Return the matrices, then the shifts."""
    return (*style_params.matrices, *style_params.shifts)


def build_graph(network: Path, name: str) -> bytes:
    """Return one of the graphs of a network's file: "network", "style" or "moments", as in `StylizerGraphs`.

    Raises MissingExtraError without onnx and onnxscript, WeightsError for a damaged file.
    """
    return graph_bytes(moments_source() if name == "moments" else model_sources(open_model(network))[name])


def model_sources(model: OnePassModel) -> dict[str, GraphSource]:
    """Return the sources of the graphs "network" and "style" of a network."""
    module, example, inputs = style_graph_parts(model)
    parts = part_names(len(model.network.modulated_layers))
    with torch.no_grad():
        style_params = list(module(*example))
    return {
        "network": core_source(model.network, style_params, frozen=False),
        "style": GraphSource(module, example, inputs, parts, None),
    }


def moments_source() -> GraphSource:
    """Return the source of the graph of the moments of a style image."""
    module = MomentsModule(open_encoder("compact")).eval()
    outputs = [f"{kind}_{index}" for kind in ("mean", "product") for index in range(len(LAYERS))]
    return GraphSource(module, (torch.full((1, 3, 74, 109), 0.5),), ["image"], outputs, (free_sides(),))


def style_graph_parts(model: OnePassModel) -> tuple[nn.Module, tuple[Any, ...], list[str]]:
    """Return the module that makes the style parameters, example inputs, and their names."""
    strength = torch.tensor([0.5])
    if isinstance(model, GivenStyles):
        module = EmbeddingGraphModule(model.style_embedding)
        weights = torch.full((1, len(model.names)), 1 / len(model.names))
        return module.eval(), (weights, strength, torch.tensor([1.0])), ["weights", "strength", "stroke"]
    assert isinstance(model, AnyStyle)
    sizes = [COMPONENTS[layer] for layer in LAYERS]
    example = ([torch.zeros(1, k) for k in sizes], [torch.eye(k)[None] for k in sizes], strength)
    names = [f"{kind}_{index}" for kind in ("mean", "root") for index in range(len(sizes))]
    return PredictorGraphModule(model.style_predictor).eval(), example, [*names, "strength"]
