"""The worked examples of CONTRIBUTING.md run, and leave the registries as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.encoders import ENCODERS
from impasto.losses import STYLE_LOSSES

from .documents import python_blocks, run_python_blocks

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"


@pytest.mark.usefixtures("one_thread")
def test_the_worked_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="the study draws a figure (extra lab)")
    monkeypatch.chdir(tmp_path)
    # No installed weights: the compact encoder judges.
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(tmp_path / "no-weights"))
    monkeypatch.delenv("IMPASTO_SHARED", raising=False)
    for registry in (STYLE_LOSSES, ENCODERS):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    assert len(python_blocks(CONTRIBUTING)) == 4
    run_python_blocks(CONTRIBUTING, tmp_path)
    assert "means" in STYLE_LOSSES
    assert "two-layers" in ENCODERS
    assert (tmp_path / "results" / "variation" / "report.md").is_file()


def test_the_examples_are_not_registered_for_other_tests() -> None:
    assert "means" not in STYLE_LOSSES
    assert "two-layers" not in ENCODERS
