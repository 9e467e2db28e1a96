"""How parallel test processes share the tests: by file, the longest first; what shares something costly, together."""

from __future__ import annotations

import os

import pytest

# Most tests of the studio share one server in their process; these files share one that is a process of its own.
STUDIO = "tests/studio/"
KILLED = tuple(f"{STUDIO}test_{name}.py" for name in ("killed", "clips_killed", "curl"))
PROXY = f"{STUDIO}test_behind_a_proxy.py"
# The first graph that a process makes takes as long again as every later one.
GRAPHS = (
    "tests/feedforward/test_export.py",
    "tests/feedforward/test_export_predictor.py",
    "tests/feedforward/test_graph_stylizer.py",
    "tests/cli/test_apply.py",
)
FIRST = ("killed", "graphs", STUDIO, "tests/cluster/", "tests/cli/")


def scope(nodeid: str) -> str:
    """Return the name of the tests that run in one process."""
    file = nodeid.partition("::")[0]
    if file in GRAPHS:
        return "graphs"
    if file in KILLED:
        return "killed"
    return STUDIO if file.startswith(STUDIO) and file != PROXY else file


def place(item: pytest.Item) -> tuple[int, str]:
    """Return the place of a test among all: those come first that take long or wait for other processes."""
    name = scope(item.nodeid)
    return next((i for i, start in enumerate(FIRST) if name.startswith(start)), len(FIRST)), name


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores, because many tests wait for processes that they start."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share out the tests by `scope`."""
    from xdist.scheduler import LoadFileScheduling

    class LoadScopes(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return LoadScopes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests into their places; files keep their order otherwise."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=place)
