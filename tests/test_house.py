"""House rules: imports go downwards and never in a circle, names are unique, files and functions stay small."""

from __future__ import annotations

import ast
import doctest
import importlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import impasto

from .documents import python_blocks, run_python_blocks
from .module_graph import FILES, MODULES, PACKAGE, build_graph, circles, exports, module_name, parse

ROOT = PACKAGE.parents[1]

# Packages by floor, lowest first, from floor 0 (DESIGN, section 1). A floor may import only lower ones.
FLOORS = (
    ("imaging", "plates"),
    ("encoders", "losses"),
    ("guidance", "training"),
    ("optimize", "feedforward", "encoder_training", "metrics"),
    ("provenance",),
    ("painting",),
    ("video", "batch"),
    ("lab", "studio", "cluster"),
    ("cli",),
    ("__main__",),
)
# Modules of floor 0 that every other module may import.
EVERYWHERE = {"_lazy", "ahead", "errors", "hashing", "openmp", "registry", "settings", "state_files"}

# Layers inside packages, lowest first. A module may import its own layer and lower ones; a name stands for a module
# or a subpackage. Modules that are not listed only have to stay out of circles.
LAYERS = {
    "losses": (("statistics",), ("base",), ("gram", "mrf", "relative", "sliced", "wasserstein")),
    "training": (
        ("distributed", "events", "muon", "schedules"),
        ("device", "optimizer_set", "weights"),
        ("task",),
        ("trainer",),
        ("checkpoint",),
    ),
    "optimize": (
        ("recipe",),
        ("schedule",),
        ("plan",),
        ("terms",),
        ("events", "job"),
        ("objective",),
        ("engine",),
        ("run",),
    ),
    "feedforward": (
        ("modules", "network_card", "runtimes"),
        ("weights",),
        ("objective", "runner"),
        ("open_network",),
        ("stylizer",),
        ("graph_stylizer",),
        ("open_stylizer",),
    ),
    "lab": (
        ("cells", "pictures", "setting", "work"),
        ("classes", "row", "weights"),
        ("figure", "judge", "paint", "store"),
        ("laboratory", "measures", "study"),
        ("studies",),
        ("one_pass_cell", "painted_cell", "trained_cell"),
        ("works",),
        ("run",),
        ("report", "spread"),
    ),
    "studio": (
        ("clip_settings", "folder", "forwarded", "jobs", "paint_task", "processes"),
        ("settings",),
        ("estimates", "limiters", "logs", "protocol", "sessions"),
        ("access",),
        ("clip_process", "database", "guard", "image_service", "models", "workers"),
        ("clip_models", "clip_run", "pictures", "preview_process"),
        ("job_store", "requests", "salvage"),
        ("gallery_import", "planner", "recovery"),
        ("service",),
        ("clips", "dependencies"),
        ("metrics",),
        ("stylize_document",),
        ("clip_routes", "job_routes", "operator_routes", "picture_routes", "stylize_routes"),
        ("app",),
        ("server",),
    ),
}

# Studies read best as one file each, however long.
ANY_LENGTH = PACKAGE / "lab" / "studies"


def relative(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def index_of(name: str, layers: tuple[tuple[str, ...], ...]) -> int | None:
    """Return the position of a module or of the subpackage that holds it; None if it is not listed."""
    for index, layer in enumerate(layers):
        if any(name == entry or name.startswith(f"{entry}.") for entry in layer):
            return index
    return None


@pytest.mark.parametrize("name", [name for name in MODULES if name != "impasto"])
def test_imports_go_downwards(name: str) -> None:
    room = name.split(".")[1]
    # "": the package itself, which holds the version.
    others = (
        {other.partition(".")[2].partition(".")[0] for other in build_graph()[name]} - {"", room} - EVERYWHERE
    )
    if room in EVERYWHERE:
        assert others <= set(FLOORS[0])
        return
    floor = index_of(room, FLOORS)
    assert floor is not None, f"{room} has no floor"
    for other in others:
        other_floor = index_of(other, FLOORS)
        assert other_floor is not None, f"{other} has no floor"
        assert other_floor < floor, f"{name} (floor {floor}) imports {other} (floor {other_floor})"


def test_no_module_imports_itself_in_a_circle() -> None:
    assert circles(build_graph()) == []


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"d"}}
    assert circles(graph) == [["a", "b", "c"]]


def test_an_import_through_a_facade_counts_for_the_module_behind_it() -> None:
    assert exports("impasto.encoders")["prepare"] == "impasto.encoders.base"
    assert "impasto.encoders.base" in build_graph()["impasto.optimize.job"]
    assert "impasto.encoders" not in build_graph()["impasto.optimize.job"]


@pytest.mark.parametrize("package", LAYERS)
def test_imports_inside_a_package_go_downwards(package: str) -> None:
    layers, prefix = LAYERS[package], f"impasto.{package}."
    inside = {name: name.removeprefix(prefix) for name in MODULES if name.startswith(prefix)}
    for entry in (entry for layer in layers for entry in layer):
        assert prefix + entry in MODULES, f"{package} has no {entry}; correct the table"
    for name, short in inside.items():
        layer = index_of(short, layers)
        for other in build_graph()[name] & inside.keys():
            other_layer = index_of(inside[other], layers)
            if layer is not None and other_layer is not None:
                assert other_layer <= layer, f"{name} imports {other}, which is above it"


def test_a_public_class_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in parse(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module_name(path))
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_and_functions_stay_small(path: Path) -> None:
    if path.parent != ANY_LENGTH:
        assert path.read_text(encoding="utf-8").count("\n") < 300
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_public_names():
    assert impasto.__all__ == [
        "Event", "Guides", "ImpastoError", "OnePassSettings", "Painter", "Picture", "PictureLike", "Plan", "Recipe",
        "Result", "Scores", "Stylizer", "__version__", "fast", "judge", "make_recipe", "paint_video", "presets",
        "read_picture", "replay", "resume", "stylize", "stylize_events", "video_frames", "write_picture",
    ]  # fmt: skip
    for name in impasto.__all__:
        assert getattr(impasto, name) is not None
    with pytest.raises(AttributeError):
        impasto.nothing  # noqa: B018


def test_importing_impasto_does_not_import_torch():
    code = (
        "import sys, impasto, impasto.optimize.recipe; impasto.presets(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_error_has_a_sentence_and_a_place_in_the_tree():
    errors = importlib.import_module("impasto.errors")
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.ImpastoError)]
    assert len(classes) == 10
    for cls in classes:
        assert cls.__doc__
        assert cls.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("module", ["impasto", "impasto.painting"])
def test_docstring_examples_run(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


DOCUMENTS = [
    p for p in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if p.exists() and python_blocks(p)
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_python_in_the_documents_runs(path, tmp_path, monkeypatch):
    if path.name == "video.md":
        pytest.importorskip("cv2", exc_type=ImportError, reason="needs impasto[video]")
    monkeypatch.chdir(tmp_path)
    run_python_blocks(path, tmp_path)


def test_licence_and_version_agree():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{impasto.__version__}"' in text
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_constraints_pin_torch():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==2.13.0" in lines
