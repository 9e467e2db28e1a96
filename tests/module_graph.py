"""The import graph of the package, read from its source: type-only and function-level imports included."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "impasto"
FILES = sorted(PACKAGE.rglob("*.py"))

Graph = Mapping[str, set[str]]


def module_name(path: Path) -> str:
    """Return the dotted name of a source file; a package's ``__init__`` has the package's name."""
    parts = ["impasto", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a source file."""
    return ast.parse(path.read_text(encoding="utf-8"))


MODULES = {module_name(path): path for path in FILES}
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}


def imports(tree: ast.AST, module: str) -> Iterator[tuple[str, str | None]]:
    """Yield (module, imported name) of every import in a tree; the name is None for ``import module``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module if module in PACKAGES else module.rpartition(".")[0]
                parts = package.split(".")
                parent = ".".join(parts[: len(parts) - node.level + 1])
                base = f"{parent}.{base}".rstrip(".")
            yield from ((base, alias.name) for alias in node.names)


@cache
def exports(package: str) -> dict[str, str]:
    """Return name -> defining module of everything that a package's ``__init__`` imports from its own submodules."""
    own = {
        name: module
        for module, name in imports(parse(MODULES[package]), package)
        if name is not None and module.startswith(f"{package}.")
    }
    return {name: module for name, module in own.items() if module in MODULES}


def target(module: str, name: str | None) -> str | None:
    """Return the module that an import needs: the one that defines the name, not the package that exports it."""
    if name is not None and f"{module}.{name}" in MODULES:
        return f"{module}.{name}"
    if name is not None and module in PACKAGES and name in exports(module):
        return target(exports(module)[name], name)
    return module if module in MODULES else None


@cache
def build_graph() -> dict[str, set[str]]:
    """Return module -> imported modules; a facade's re-exports of its own submodules are no edges."""
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        needed = {
            target(module, imported)
            for module, imported in imports(parse(path), name)
            if not (name in PACKAGES and imported in exports(name) and module == exports(name)[imported])
        }
        graph[name] = {module for module in needed if module is not None and module != name}
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            position = stack.index(node)
            component = stack[position:]
            del stack[position:]
            if len(component) > 1:
                found.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return found
