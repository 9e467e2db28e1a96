"""Graphs without weights: a shipped one is filled in a second, where torch exports a graph in ten to forty.

A template is the ONNX graph of a module. In place of its weights it says which entry of the module's state belongs to
each tensor. Two modules of the same structure have the same template, so those of the networks that ship also serve
networks that users trained.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from impasto.feedforward.export.graph import OPSET, GraphSource, export_graph, need_onnx
from impasto.feedforward.graph_files import LAYOUT

if TYPE_CHECKING:
    from onnx import ModelProto

FOLDER = Path(__file__).parent / "templates"
SUFFIX = ".onnx.gz"
WEIGHTS_KEY = "weights"


def graph_structure(source: GraphSource) -> str:
    """Return a hash of everything that shapes the graph of `source`; the values of the weights do not."""
    module, example, inputs, outputs, free = source
    state = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    key = (LAYOUT, OPSET, repr(module), state, _shapes(example), inputs, outputs, repr(free))
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


def template_file(source: GraphSource) -> Path:
    """Return the file of the template of `source`; it exists for the structures of the networks that ship."""
    return FOLDER / f"{graph_structure(source)}{SUFFIX}"


def graph_bytes(source: GraphSource) -> bytes:
    """Return the ONNX graph of `source`, from its template if there is one, otherwise exported by torch.

    Raises MissingExtraError without onnx and onnxscript.
    """
    need_onnx()
    template = template_file(source)
    if template.is_file():
        return fill(gzip.decompress(template.read_bytes()), source.module.state_dict())
    return bytes(export_graph(source).model_proto.SerializeToString())


def fill(template: bytes, state: Mapping[str, Tensor]) -> bytes:
    """Return the graph of a `template` with the weights of `state`."""
    import onnx

    model = onnx.load_from_string(template)
    entries = {entry.key: entry for entry in model.metadata_props}
    weights = json.loads(entries[WEIGHTS_KEY].value)
    model.metadata_props.remove(entries[WEIGHTS_KEY])
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            name, transposed = weights[tensor.name]
            value = state[name].detach().cpu().float()
            tensor.raw_data = (value.T if transposed else value).contiguous().numpy().tobytes()
    return bytes(model.SerializeToString())


def make_template(source: GraphSource) -> bytes:
    """Return the template of the graph of `source`, not compressed.

    The module is exported twice with random weights. A tensor of the graph that holds an entry of the state, or its
    transpose, is a weight; everything else must be the same in both graphs. Raises ValueError if it is not.
    """
    first, second = (_stripped(source, seed) for seed in (0, 1))
    if first != second:
        raise ValueError(f"{type(source.module).__name__} has tensors that follow from its weights.")
    return first


def _stripped(source: GraphSource, seed: int) -> bytes:
    """Return the graph of `source` without weights; `seed` draws the weights that mark their tensors."""
    from onnx import numpy_helper

    random = torch.Generator().manual_seed(seed)
    own = {name: value.clone() for name, value in source.module.state_dict().items()}
    state = {name: torch.rand(value.shape, generator=random) for name, value in own.items()}
    source.module.load_state_dict(state)
    try:
        model: ModelProto = export_graph(source).model_proto
    finally:
        source.module.load_state_dict(own)
    marks = {value.T.numpy().tobytes(): (name, True) for name, value in state.items() if value.ndim == 2}
    marks |= {value.numpy().tobytes(): (name, False) for name, value in state.items()}
    weights = {}
    for tensor in model.graph.initializer:
        data = numpy_helper.to_array(tensor).tobytes()
        if data in marks:
            weights[tensor.name] = marks[data]
            tensor.ClearField("raw_data")
    _forget_origin(model)
    model.metadata_props.add(key=WEIGHTS_KEY, value=json.dumps(weights, sort_keys=True))
    return bytes(model.SerializeToString(deterministic=True))


def _forget_origin(model: ModelProto) -> None:
    """Remove what torch writes about where each node comes from: it is most of a graph without weights."""
    for item in (model, model.graph, *model.graph.node, *model.graph.value_info):
        item.ClearField("doc_string")
        item.ClearField("metadata_props")
    model.graph.ClearField("value_info")
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")


def _shapes(example: Any) -> Any:
    """Return nested example inputs as nested shapes."""
    return tuple(example.shape) if isinstance(example, Tensor) else [_shapes(item) for item in example]
