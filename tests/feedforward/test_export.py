"""Graphs: the file paints what torch paints, whatever runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from impasto.errors import MissingExtraError, OutputError, RecipeError
from impasto.feedforward import backends
from impasto.feedforward.backends import choose_backend, open_graph_runner, open_tensor_graph
from impasto.feedforward.export.network import CHECKED_SIZES, check_export, export_network
from impasto.feedforward.runner import NetworkRunner
from impasto.feedforward.runtimes import open_graph
from impasto.imaging.frame import Tiling

from .conftest import make_network, make_style_params

CPU = torch.device("cpu")
# Shapes of networks that ship, whose graphs need no export.
ANY_LIVE, ANY = ((32, 64, 96), (1, 3, 4)), ((32, 64, 96), (1, 4, 6), 16)
needs_graphs = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="needs impasto[export]",
)


@needs_graphs
@pytest.mark.parametrize(
    ("shape", "diagonal", "margin"),
    [
        (ANY_LIVE, False, 4),
        (ANY, False, 96),
        pytest.param(((8, 12, 16), (1, 1, 1)), True, 50, marks=pytest.mark.slow),
    ],
    ids=["any-live", "any", "diagonal"],
)
def test_an_exported_network_paints_as_torch_does_at_any_size(shape, tmp_path, diagonal, margin) -> None:
    import onnx

    network = make_network(*shape)
    path, style_params = tmp_path / "n.onnx", make_style_params(network.modulated_layers, 1, diagonal)
    card = {"kind": "network:styles", "styles": ["a", "b"], "licence": "CC0", "credit": "nobody"}
    card |= {"margin": margin}
    runner = NetworkRunner(network, card, precision="float32")
    assert export_network(path, network, style_params, card) <= 1e-3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["n.onnx"]
    model = onnx.load(path)
    onnx.checker.check_model(model)
    stored = {entry.key: entry.value for entry in model.metadata_props}
    assert stored["kind"] == "network:styles"
    assert json.loads(stored["styles"]) == ["a", "b"]
    assert [entry.name for entry in model.graph.input] == ["image"]
    run = open_tensor_graph("onnxruntime", path)
    for size in ((23, 90), (130, 50)):
        assert size not in CHECKED_SIZES
        image = torch.rand(1, 3, *size)
        torch.testing.assert_close(
            run({"image": image}), runner.paint(image, style_params), atol=1e-3, rtol=0
        )


@needs_graphs
def test_a_file_that_differs_is_not_kept(network, styles, tmp_path, monkeypatch) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(b"old")
    real = NetworkRunner.paint
    monkeypatch.setattr(NetworkRunner, "paint", lambda *a, **k: real(*a, **k) + 0.01)
    with pytest.raises(OutputError, match="differs"):
        export_network(path, network, styles[0], {})
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_other_suffixes_and_missing_parts_are_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(OutputError, match="onnx"):
        check_export(tmp_path / "n.pt")
    monkeypatch.setattr("impasto.feedforward.export.graph.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"impasto\[export\]"):
        check_export(tmp_path / "n.onnx")


@pytest.mark.parametrize("shape", [ANY_LIVE, ANY], ids=["any-live", "any"])
@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_graph_runners_paint_as_torch_does(name, shape, tmp_path, monkeypatch) -> None:
    if any(find_spec(module) is None for module in (name, "onnx", "onnxscript")):
        pytest.skip(f"{name} is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(backends, "best_precision", lambda device: "float32")
    network = make_network(*shape)
    styles = [make_style_params(network.modulated_layers, seed) for seed in (1, 2)]
    runner = NetworkRunner(network, precision="float32")
    fast = NetworkRunner(network, precision="float32", graph_runner=open_graph_runner(name, network, CPU))
    made, real = [], backends.graph_bytes
    monkeypatch.setattr(backends, "graph_bytes", lambda source: made.append(source) or real(source))
    for style_params, size in ((styles[0], (30, 50)), (styles[1], (64, 41))):
        image = torch.rand(1, 3, *size)
        torch.testing.assert_close(
            fast.paint(image, style_params), runner.paint(image, style_params), atol=1e-3, rtol=0
        )
    assert len(made) == 1
    image, tiling = torch.rand(1, 3, 380, 420), Tiling(side=384)
    expected = runner.paint(image, styles[0], tiling=tiling)
    torch.testing.assert_close(fast.paint(image, styles[0], tiling=tiling), expected, atol=1e-3, rtol=0)
    assert len(made) == 2


# Two graphs that are not closed in the order they were opened, then Ctrl-C.
CHANGED = """
import os, signal
from onnx import TensorProto, helper
from impasto.feedforward.runtimes import open_graph
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
graph = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()
first, second = open_graph("openvino", graph), open_graph("openvino", graph)
del first
del second
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("heard")
"""


@pytest.mark.skipif(not (find_spec("openvino") and find_spec("onnx")), reason="openvino is not installed")
def test_ctrl_c_is_heard_after_openvino_changed_its_graph() -> None:
    run = subprocess.run([sys.executable, "-c", CHANGED], capture_output=True, encoding="utf-8", timeout=120)
    assert run.stdout == "heard\n", (run.returncode, run.stderr)


# The first pictures of a process, painted by eight threads at the same moment.
AT_ONCE = """
import sys, threading
import numpy as np
from onnx import TensorProto, helper
from impasto.feedforward.runtimes import open_graph
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [8]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", ends[:1], ends[1:])
graph = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()
run = open_graph("openvino", graph, at_once=8)
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)
def paint():
    barrier.wait()
    run({"x": np.ones(8, np.float32)})
threads = [threading.Thread(target=paint) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("painted")
"""


@pytest.mark.skipif(not (find_spec("openvino") and find_spec("onnx")), reason="openvino is not installed")
def test_threads_that_run_their_first_graph_at_once_do_not_wait_for_ever() -> None:
    run = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, encoding="utf-8", timeout=120)
    assert run.stdout == "painted\n", (run.returncode, run.stderr)


@pytest.mark.skipif(not (find_spec("openvino") and find_spec("onnx")), reason="openvino is not installed")
def test_openvino_runs_several_images_at_once() -> None:
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [10_000]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()
    run = open_graph("openvino", model, threads=2, at_once=2)
    images = [np.full(10_000, number, np.float32) for number in range(40)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda image: run({"x": image})["y"], images))
    np.testing.assert_array_equal(results, [-image for image in images])


def test_the_backend_is_the_fastest_that_is_there(monkeypatch) -> None:
    there = {"onnxruntime", "onnx", "onnxscript"}
    for module in ("backends", "export.graph"):
        monkeypatch.setattr(f"impasto.feedforward.{module}.find_spec", lambda name: name in there or None)
    for precision, wanted in (("float32", "onnxruntime"), ("bfloat16", "torch")):
        monkeypatch.setattr(backends, "best_precision", lambda _, precision=precision: precision)
        assert choose_backend("auto", CPU) == wanted
    there.add("openvino")
    assert choose_backend("auto", CPU) == "openvino"
    there.remove("openvino")
    assert choose_backend("auto", torch.device("cuda")) == "torch"
    assert choose_backend("torch", CPU) == "torch"
    with pytest.raises(MissingExtraError, match=r"impasto\[openvino\]"):
        choose_backend("openvino", CPU)
    with pytest.raises(RecipeError, match="backend"):
        choose_backend("tensorrt", CPU)
    with pytest.raises(RecipeError, match="processor"):
        choose_backend("onnxruntime", torch.device("cuda"))
    there.clear()
    assert choose_backend("auto", CPU) == "torch"
