"""The style predictor as a graph: style images in, style parameters out."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch

from impasto.encoders import open_encoder
from impasto.errors import OutputError
from impasto.feedforward.backends import open_tensor_graph
from impasto.feedforward.export import predictor
from impasto.feedforward.export.graph import part_names
from impasto.feedforward.export.network import export_network
from impasto.feedforward.export.predictor import PredictorModule, export_style_predictor, newton_root
from impasto.feedforward.modules.style_predictor import StylePredictor, root
from impasto.feedforward.style_data import measure_style

from .test_export import needs_graphs


@pytest.fixture(scope="module")
def style_predictor(network) -> StylePredictor:
    torch.manual_seed(5)
    return StylePredictor(network.modulated_layers).eval().requires_grad_(False)


@pytest.mark.parametrize("positions", [1000, 20])
def test_the_root_by_products_is_the_root(positions) -> None:
    x = torch.randn(2, 32, positions, generator=torch.Generator().manual_seed(0))
    x = x - x.mean(2, keepdim=True)
    covariance = x @ x.mT / (32 * positions)
    torch.testing.assert_close(newton_root(covariance), root(covariance), atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_style_image_of_one_colour_has_style_parameters(style_predictor, grey) -> None:
    parts = PredictorModule(open_encoder("compact"), style_predictor)(
        torch.full((1, 3, 24, 31), grey), torch.ones(1)
    )
    assert all(bool(torch.isfinite(part).all()) for part in parts)


@pytest.fixture(scope="module")
def network_graph(network, styles, tmp_path_factory) -> Path:
    """The network with style parameters as inputs."""
    path = tmp_path_factory.mktemp("graphs") / "network.onnx"
    export_network(path, network, styles[0], {}, inside=False)
    return path


@needs_graphs
def test_style_parameters_can_be_inputs(network, runner, styles, network_graph) -> None:
    image = torch.rand(1, 3, 30, 45)
    names = part_names(len(network.modulated_layers))
    given = dict(zip(names, [*styles[1].matrices, *styles[1].shifts], strict=True))
    output = open_tensor_graph("onnxruntime", network_graph)({"image": image, **given})
    torch.testing.assert_close(output, runner.paint(image, styles[1]), atol=1e-3, rtol=0)


@needs_graphs
def test_both_graphs_together_paint_as_torch_does(
    network, runner, style_predictor, network_graph, tmp_path
) -> None:
    import onnxruntime

    predictor_path = tmp_path / "predictor.onnx"
    assert (
        export_style_predictor(
            predictor_path, style_predictor, {"kind": "network:any", "strengths": [[0, 0]]}
        )
        <= 1e-3
    )
    rng = torch.Generator().manual_seed(1)
    style_image, photo = torch.rand(1, 3, 90, 71, generator=rng), torch.rand(1, 3, 30, 45, generator=rng)
    strength = torch.tensor([0.6])
    style_params = style_predictor(measure_style(open_encoder("compact"), style_image)[0], strength)
    session = onnxruntime.InferenceSession(str(predictor_path))
    stored = session.get_modelmeta().custom_metadata_map
    assert stored["kind"] == "network:any"
    assert json.loads(stored["strengths"]) == [[0, 0]]
    outputs = session.run(None, {"painting": style_image.numpy(), "strength": strength.numpy()})
    names = part_names(len(network.modulated_layers))
    assert [output.name for output in session.get_outputs()] == names
    given = {name: torch.from_numpy(part) for name, part in zip(names, outputs, strict=True)}
    painted = open_tensor_graph("onnxruntime", network_graph)({"image": photo, **given})
    torch.testing.assert_close(painted, runner.paint(photo, style_params), atol=2e-3, rtol=0)


@needs_graphs
def test_a_predictor_that_differs_is_not_kept(style_predictor, tmp_path, monkeypatch) -> None:
    source = predictor.predictor_source(open_encoder("compact"), copy.deepcopy(style_predictor))
    graph = predictor.graph_bytes(source)
    monkeypatch.setattr(predictor, "graph_bytes", lambda source: graph)
    export_style_predictor(tmp_path / "same.onnx", style_predictor, {})
    (tmp_path / "same.onnx").unlink()
    with torch.no_grad():
        next(style_predictor.parameters()).mul_(1.1)
    with pytest.raises(OutputError, match="differs"):
        export_style_predictor(tmp_path / "c.onnx", style_predictor, {})
    assert not list(tmp_path.iterdir())
