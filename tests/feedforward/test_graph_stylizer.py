"""Painting by graphs alone: the same pictures as through torch, without importing it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image

from impasto.errors import PictureError, RecipeError
from impasto.feedforward import graph_stylizer, open_network, open_stylizer, runner
from impasto.feedforward.export import stylizer_graphs as stylizer_graphs_module
from impasto.feedforward.graph_files import stylizer_graphs
from impasto.feedforward.graph_stylizer import GraphStylizer
from impasto.feedforward.modules.johnson import JohnsonNet
from impasto.feedforward.modules.style_embedding import ConditionalInstanceNorm, StyleEmbedding
from impasto.feedforward.modules.style_predictor import StylePredictor
from impasto.feedforward.modules.transform import TransformNet, initialise
from impasto.feedforward.network_card import open_card
from impasto.feedforward.open_stylizer import graph_runtime
from impasto.feedforward.pretrained import pretrained_networks
from impasto.feedforward.runtimes import RUNTIMES
from impasto.feedforward.settings import OnePassSettings
from impasto.feedforward.stylizer import Stylizer
from impasto.feedforward.weights import write_network
from impasto.guidance import Guides
from impasto.imaging import read_embedded_json
from impasto.imaging.frame import Tiling

INSTALLED = [name for name in RUNTIMES if find_spec(name)]
pytestmark = pytest.mark.skipif(
    not INSTALLED or any(find_spec(name) is None for name in ("onnx", "onnxscript")),
    reason="needs impasto[export] or impasto[openvino]",
)
# The shape of `any`, whose graphs need no export.
WIDTHS, BLOCKS, DETAIL = (32, 64, 96), (1, 4, 6), 16
SETTINGS = OnePassSettings(strength=0.7, stroke=0.5)


def write(folder: Path, kind: str, network, part_name: str, part, **card) -> Path:
    parts = {"network": network, part_name: part}
    state = {
        f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()
    }
    path = folder / f"{kind.removeprefix('network:')}.safetensors"
    write_network(path, state, {"kind": kind, **card})
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a photograph, two paintings, and small networks of every kind; graphs are cached there too."""
    folder = tmp_path_factory.mktemp("graphs")
    torch.manual_seed(0)
    for name, size in (("photo", (60, 45)), ("art", (70, 40)), ("other", (33, 51))):
        values = (torch.rand(3, size[1] // 5, size[0] // 5) * 255).byte().permute(1, 2, 0).numpy()
        Image.fromarray(values).resize(size, Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    network = TransformNet(WIDTHS, BLOCKS, DETAIL)
    initialise(network)
    predictor = StylePredictor(network.modulated_layers)
    shape = {"widths": WIDTHS, "blocks": BLOCKS, "detail": DETAIL}
    write(folder, "network:any", network, "style_predictor", predictor, **shape, grain=0.03)
    network = TransformNet(WIDTHS, BLOCKS, DETAIL)
    initialise(network)
    embedding, names = StyleEmbedding(network.modulated_layers, 2), [{"name": "reed"}, {"name": "wave"}]
    write(folder, "network:styles", network, "style_embedding", embedding, **shape, styles=names)
    network = JohnsonNet()
    norm = ConditionalInstanceNorm(network.modulated_layers, 2)
    write(folder, "network:johnson", network, "style_embedding", norm, styles=names)
    return folder


@pytest.fixture(autouse=True)
def _in_float32(folder, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.chdir(folder)
    for module in (open_network, runner):
        monkeypatch.setattr(module, "best_precision", lambda device: "float32")


def open_graphs(path: Path, runtime: str = INSTALLED[0] if INSTALLED else "") -> GraphStylizer:
    model = open_card(path)
    return GraphStylizer(model, stylizer_graphs(model), runtime, bfloat16=False)


def assert_equal(network: Path, styles, settings, guides=None, runtime=None, tolerance=1e-3) -> None:
    stylizer = open_graphs(network, runtime or INSTALLED[0])
    photo = Path("photo.png")
    painted, expected = (
        one.paint(photo, styles, settings, guides) for one in (stylizer, Stylizer(network, device="cpu"))
    )
    assert numpy.abs(numpy.asarray(painted.pixels) - expected.pixels.numpy()).max() < tolerance
    recipe = expected.provenance["recipe"] | {"backend": stylizer.backend}
    assert painted.provenance == expected.provenance | {"recipe": recipe}


@pytest.mark.parametrize("runtime", INSTALLED)
@pytest.mark.parametrize(
    ("kind", "styles", "settings"),
    [
        ("any", ["art.png", "other.png"], SETTINGS.model_copy(update={"mix": (0.3, 0.7), "size": 50})),
        ("styles", ["wave", "reed"], SETTINGS.model_copy(update={"mix": (3.0, 1.0)})),
        pytest.param("johnson", ["wave"], OnePassSettings(), marks=pytest.mark.slow),
    ],
)
def test_graphs_paint_as_torch_does(folder, runtime, kind, styles, settings) -> None:
    assert_equal(folder / f"{kind}.safetensors", styles, settings, runtime=runtime)


# The others have the same graphs.
QUICK = ("any", "any-live", "two-poplars")


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in pretrained_networks()],
)
def test_what_ships_paints_as_torch_does(name: str) -> None:
    path = pretrained_networks()[name]
    assert_equal(path, [] if open_card(path).names else ["art.png"], OnePassSettings())


@pytest.mark.parametrize(
    ("settings", "guides"),
    [
        (OnePassSettings(colors=0.5), Guides(protect="left")),
        (SETTINGS, Guides(masks=("left",))),
    ],
    ids=["colours and protection", "masks"],
)
def test_colours_protection_and_masks(folder, settings, guides) -> None:
    # Colours at the edge of the gamut amplify rounding, which depends on the number of threads.
    tolerance = 5e-3 if settings.colors else 1e-3
    assert_equal(folder / "any.safetensors", ["art.png", "other.png"], settings, guides, tolerance=tolerance)


def test_what_graphs_do_not_take_is_painted_in_torch(folder, monkeypatch) -> None:
    Image.new("RGB", (600, 12), "red").save("narrow.png")
    assert_equal(folder / "any.safetensors", ["narrow.png"], OnePassSettings())
    stylizer, calls = open_graphs(folder / "any.safetensors"), []
    monkeypatch.setattr(Stylizer, "paint", lambda self, *rest: calls.append(rest))
    monkeypatch.setattr(stylizer, "_run", lambda *arguments: numpy.full((1, 3, 1, 1), numpy.nan))
    stylizer.paint(Path("photo.png"), ["art.png"], SETTINGS)
    monkeypatch.setattr(graph_stylizer, "DEFAULT_TILING", Tiling(side=40))
    monkeypatch.setattr(stylizer, "_run", None)
    stylizer.paint(Path("photo.png"), ["art.png"], SETTINGS)
    assert [call[:3] for call in calls] == [(Path("photo.png"), ["art.png"], SETTINGS)] * 2


@pytest.mark.parametrize("cached", [True, False])
def test_errors_are_those_of_torch(folder, monkeypatch, tmp_path, cached) -> None:
    if not cached:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    stylizer = open_graphs(folder / "any.safetensors")
    for styles, settings, guides, error, words in (
        ([], SETTINGS, None, RecipeError, "a painting"),
        (["gone.png"], SETTINGS, None, PictureError, "gone.png"),
        (["art.png"], OnePassSettings(strength=3), None, RecipeError, "strength"),
        (["art.png"], OnePassSettings(mix=(1, 2)), None, RecipeError, "--mix"),
        (["art.png"], SETTINGS, Guides(style_masks=("left",)), RecipeError, "no style masks"),
    ):
        with pytest.raises(error, match=words):
            stylizer.check(styles, settings, guides)
    stylizer.check(["art.png"], SETTINGS)
    assert cached or stylizer.graphs.missing


PROBE = """
import sys
from impasto.cli.main import main
from impasto.feedforward import open_stylizer, pretrained
pretrained.DEFAULT_NETWORK = "any.safetensors"
open_stylizer.GPU_DEVICES = ()
words = (
    ["stylize", "--fast", "photo.png", "art.png", "--out", "fast.png"],
    ["stylize", "--from", "fast.png", "--out", "again.png"],
    ["apply", "any.safetensors", "photo.png", "--style", "art.png", "--out", "applied.png"],
)
assert [main(line) for line in words] == [0, 0, 0]
print(sorted({"torch", "openvino_telemetry", "pyvips"} & set(sys.modules)))
"""


@pytest.mark.skipif(sys.platform == "darwin", reason="torch may have a GPU")
def test_the_command_line_does_not_import_torch(folder) -> None:
    open_graphs(folder / "any.safetensors").paint(Path("photo.png"), ["art.png"])
    run = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, encoding="utf-8", check=True)
    assert run.stdout.splitlines() == ["fast.png", "again.png", "applied.png", "[]"]
    assert run.stderr == ""
    assert Path("fast.png").read_bytes() == Path("again.png").read_bytes()
    assert read_embedded_json("fast.png")["recipe"]["backend"] == INSTALLED[0]


def test_building_is_announced_once_and_after_what_can_be_wrong(folder, monkeypatch, tmp_path) -> None:
    path = folder / "styles.safetensors"
    open_graphs(path).paint(Path("photo.png"), ["wave"])
    built = stylizer_graphs(open_card(path))

    def build(network: Path, name: str) -> bytes:
        return getattr(built, name).read_bytes()

    monkeypatch.setattr(stylizer_graphs_module, "build_graph", build)
    monkeypatch.setattr(open_stylizer, "may_have_gpu", lambda: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls: list[tuple[int, int]] = []
    backend = INSTALLED[0]
    for number in range(2):
        stylizer = open_stylizer.open_stylizer(
            path, backend=backend, on_build=lambda *numbers: calls.append(numbers)
        )
        with pytest.raises(RecipeError, match="several"):
            stylizer.check([])
        stylizer.check(["wave"])
        assert len(calls) == 2 * number
        stylizer.paint(Path("photo.png"), ["wave"])
        assert calls == [(1, 2), (2, 2)]


def test_the_first_picture_is_painted_in_torch_and_graphs_are_built_after_it(
    folder, monkeypatch, tmp_path
) -> None:
    path = folder / "styles.safetensors"
    open_graphs(path).paint(Path("photo.png"), ["wave"])
    built = stylizer_graphs(open_card(path))
    monkeypatch.setattr(
        stylizer_graphs_module, "build_graph", lambda network, name: getattr(built, name).read_bytes()
    )
    monkeypatch.setattr(open_stylizer, "may_have_gpu", lambda: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls: list[tuple[int, int]] = []
    assert isinstance(open_stylizer.open_stylizer(path), Stylizer)
    open_stylizer.keep_graphs(path, backend="torch", on_build=lambda *numbers: calls.append(numbers))
    assert not calls
    for _ in range(2):
        open_stylizer.keep_graphs(path, on_build=lambda *numbers: calls.append(numbers))
    assert calls == [(1, 2), (2, 2)]
    assert isinstance(open_stylizer.open_stylizer(path), GraphStylizer)


def test_without_a_cache_torch_paints(folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(open_stylizer, "may_have_gpu", lambda: False)
    monkeypatch.setattr(open_stylizer, "can_keep_graphs", lambda: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    stylizer = open_stylizer.open_stylizer(folder / "styles.safetensors")
    assert isinstance(stylizer, Stylizer)
    assert stylizer.backend == "torch"


def test_where_graphs_run(monkeypatch) -> None:
    there = {"openvino", "onnxruntime", "onnx", "onnxscript"}
    monkeypatch.setattr(open_stylizer, "find_spec", lambda name: name in there or None)
    monkeypatch.setattr(open_stylizer, "may_have_gpu", lambda: False)
    assert graph_runtime("auto", "auto") == "openvino"
    assert graph_runtime("onnxruntime", "cpu") == "onnxruntime"
    assert graph_runtime("torch", "auto") is graph_runtime("tensorrt", "auto") is None
    assert graph_runtime("auto", "cuda") is None
    there.discard("openvino")
    assert graph_runtime("auto", "auto") == "onnxruntime"
    assert graph_runtime("openvino", "auto") is None
    monkeypatch.setattr(open_stylizer, "may_have_gpu", lambda: True)
    assert graph_runtime("auto", "auto") is None
    assert graph_runtime("auto", "cpu") == "onnxruntime"
    there.discard("onnxscript")
    assert graph_runtime("auto", "cpu") is None
