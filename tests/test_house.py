"""The house: imports go downwards, files and functions stay small, the public list is the public list."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import impasto

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "impasto"
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS = {
    "_lazy": 0, "registry": 0, "settings": 0, "errors": 0, "imaging": 0, "plates": 0,
    "encoders": 1, "losses": 1,
    "guidance": 2, "training": 2,
    "optimize": 3, "feedforward": 3, "encoder_training": 3, "metrics": 3,
    "painting": 4,
    "lab": 5, "studio": 5,
    "cli": 6, "__main__": 7,
}  # fmt: skip
# Plates are pictures made from nothing; they may use the error tree and the base of settings, as every floor may.
EVERYWHERE = {"_lazy", "errors", "settings"}


def room(path: Path) -> str | None:
    """The package a file lies in, None for the public list itself."""
    parts = path.relative_to(PACKAGE).parts
    return None if parts == ("__init__.py",) else parts[0].removesuffix(".py")


def imported_rooms(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("impasto"):
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("impasto.")}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_downwards(path):
    here = room(path)
    if here is None:
        return
    assert here in FLOORS, f"{here} has no floor"
    for other in imported_rooms(ast.parse(path.read_text(encoding="utf-8"))) - {here} - EVERYWHERE:
        if other.startswith("_"):
            continue
        assert FLOORS[other] < FLOORS[here], f"{here} (floor {FLOORS[here]}) imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_public_names():
    assert impasto.__all__ == [
        "Event", "FastPainter", "FastSettings", "ImpastoError", "Painted", "Painter", "Picture", "PictureLike",
        "Plan", "Recipe", "Result", "Scores", "__version__", "fast", "judge", "make_recipe", "presets",
        "read_picture", "resume", "stylize", "stylize_events", "write_picture",
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


@pytest.mark.parametrize("module", ["impasto", "impasto.optimize.run"])
def test_docstring_examples_run(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


def python_blocks(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.S)


DOCUMENTS = [
    p for p in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if p.exists() and python_blocks(p)
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_python_in_the_documents_runs(path, tmp_path, monkeypatch):
    from impasto.plates import paint

    monkeypatch.chdir(tmp_path)
    paint("paper", 96).save("photo.jpg")
    paint("swirls", 96).save("painting.jpg")
    names: dict[str, object] = {}
    for block in python_blocks(path):
        exec(compile(block, str(path), "exec"), names)


def test_licence_and_version_agree():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{impasto.__version__}"' in text
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_constraints_pin_torch():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==2.13.0" in lines
