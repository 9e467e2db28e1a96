"""A worker opens its networks before the first job, and only once."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("sse_starlette")

from impasto.feedforward.pretrained import pretrained_networks
from impasto.optimize import make_recipe
from impasto.plates import paint
from impasto.studio.paint_process import PaintTask

from .fake_worker import worker_here


@pytest.mark.skipif("any" not in pretrained_networks(), reason="the network for any style is not installed")
@pytest.mark.parametrize("quality", ["draft", "normal"])
def test_the_first_job_opens_no_network(tmp_path, monkeypatch, quality):
    sent: list[tuple] = []
    worker = worker_here(sent)
    worker._rehearse()
    opened: list[str] = []
    monkeypatch.setattr(
        "impasto.feedforward.stylizer.Stylizer", lambda **_: opened.append("one-pass network")
    )
    monkeypatch.setattr("impasto.optimize.run.open_recipe_encoder", lambda *_: opened.append("encoder"))
    names = {name: str(tmp_path / f"{name}.png") for name in ("paper", "ink")}
    for name, path in names.items():
        paint(name, 64).save(path)
    recipe = make_recipe(size=64, quality=quality, steps=1)
    assert recipe.start == "fast"
    worker._paint(PaintTask("id", tmp_path, recipe.to_json(), names["paper"], [names["ink"]], {}))
    assert sent[-1][:4] == ("stopped", "id", "done", None)
    assert opened == []
