"""The graphs that the networks that ship need, whose templates ship with them."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from impasto.encoders import open_encoder
from impasto.feedforward.export.graph import GraphSource, core_source
from impasto.feedforward.export.network import export_source
from impasto.feedforward.export.predictor import predictor_source
from impasto.feedforward.export.stylizer_graphs import model_sources, moments_source
from impasto.feedforward.open_network import AnyStyle, open_model
from impasto.feedforward.pretrained import pretrained_networks


def shipped_sources() -> Iterator[tuple[str, GraphSource]]:
    """Yield the name and the source of each graph; several networks may need the same one."""
    yield "moments", moments_source()
    for name, path in pretrained_networks().items():
        model = open_model(path)
        graphs = model_sources(model)
        yield from ((f"{name}, {kind}", source) for kind, source in graphs.items())
        parts = graphs["network"].example[1]
        # Tiles and frames of a clip are painted with frozen statistics.
        layers = model.network.modulated_layers
        statistics = [torch.ones(layer.channels) for _ in ("means", "variances") for layer in layers]
        yield f"{name}, frozen", core_source(model.network, [*parts, *statistics], frozen=True)
        yield f"{name}, export", export_source(model.network, parts, model.card)
        if isinstance(model, AnyStyle):
            yield f"{name}, predictor", predictor_source(open_encoder("compact"), model.style_predictor)
