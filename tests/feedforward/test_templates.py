"""Graphs without weights: filled, they compute what their module computes; those that ship are the ones needed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch
from torch import nn

from impasto.feedforward.backends import open_tensor_graph
from impasto.feedforward.export import templates
from impasto.feedforward.export.graph import ExportModule, GraphSource, network_source
from impasto.feedforward.export.shipped_sources import shipped_sources
from impasto.feedforward.export.templates import (
    fill,
    graph_bytes,
    graph_structure,
    make_template,
    template_file,
)
from impasto.feedforward.modules.transform import TransformNet
from impasto.feedforward.pretrained import pretrained_networks

pytestmark = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="needs impasto[export]",
)


class Small(nn.Module):
    """A convolution, a matrix that the graph holds transposed, and single numbers."""

    def __init__(self, channels: int = 5) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, padding=1)
        self.linear = nn.Linear(channels, 2)
        self.register_buffer("offset", torch.tensor(0.25))

    def forward(self, image: torch.Tensor, parts: list[torch.Tensor]) -> torch.Tensor:
        rows = self.conv(image).relu().mean((2, 3))
        return self.linear(rows) * parts[0] + self.offset


def small_source(module: nn.Module) -> GraphSource:
    return network_source(module.eval(), [torch.ones(1, 2)], ["gain"])


def test_a_filled_template_computes_what_the_module_computes(tmp_path, monkeypatch) -> None:
    torch.manual_seed(0)
    module = Small()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    template = make_template(small_source(module))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    other, image, gain = Small(), torch.rand(1, 3, 21, 34), torch.tensor([[0.5, -2.0]])
    graph = fill(template, other.state_dict())
    assert len(template) < len(graph)
    run = open_tensor_graph("onnxruntime", graph)
    with torch.no_grad():
        torch.testing.assert_close(run({"image": image, "gain": gain}), other(image, [gain]))
    monkeypatch.setattr(templates, "export_graph", None)
    monkeypatch.setattr(templates, "FOLDER", tmp_path)
    template_file(small_source(other)).write_bytes(templates.gzip.compress(template))
    assert graph_bytes(small_source(other)) == graph


def test_what_shapes_a_graph_changes_its_structure() -> None:
    network = TransformNet((8, 12, 16), (1, 1, 1))
    parts = [torch.ones(1, 2)]
    sources = [small_source(Small()), small_source(Small(6)), network_source(Small(), parts, ["other"])]
    sources += [
        network_source(Small(), parts, ["gain"], 8),
        network_source(Small(), [torch.ones(1, 1)], ["gain"]),
    ]
    sources += [network_source(ExportModule(network, margin), parts, ["gain"]) for margin in (4, 96)]
    assert len({graph_structure(source) for source in sources}) == len(sources)
    assert graph_structure(small_source(Small())) == graph_structure(sources[0])


def test_templates_of_every_network_that_ships_ship_and_no_others() -> None:
    needed = {template_file(source) for _, source in shipped_sources()}
    assert len(pretrained_networks()) > 2
    assert needed == set(templates.FOLDER.iterdir())
