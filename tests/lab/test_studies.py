"""The registry is the test matrix: every study runs and has a page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from impasto.errors import RecipeError
from impasto.feedforward.network_card import find_model
from impasto.lab import STUDIES, FinetuneCell, Setting, Study, find_study, write_report
from impasto.lab.cells import OnePassCell
from impasto.lab.measures import MEASURES
from impasto.lab.paint import recipe_of
from impasto.lab.row import number
from impasto.lab.studies import gamma_sweep
from impasto.lab.trained_cell import settings_of

from .test_run import go

ROOT = Path(__file__).resolve().parents[2]


def words(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


def with_little_data(study: Study) -> Study:
    """Fine-tune with three classes of five pictures."""

    def cells(setting: Setting) -> list:
        return [
            replace(cell, classes=3, per_class=5) if isinstance(cell, FinetuneCell) else cell
            for cell in study.cells(setting)
        ]

    return replace(study, cells=cells)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_runs(laboratory, monkeypatch, name: str) -> None:
    monkeypatch.setattr(gamma_sweep, "GAMMAS", (0.0, 0.5, 1.0))
    monkeypatch.setattr("impasto.lab.figure.DPI", 40)  # sharp figures take longer than the pictures in them
    result = go(with_little_data(STUDIES[name]), laboratory)
    assert result.rows
    expected = {row.label: row.missing for row in result.rows if row.missing}
    for (
        reason
    ) in expected.values():  # neither weights nor trained networks are there: those rows say how to get them
        assert "impasto weights fetch" in reason or "impasto train" in reason
    report = write_report(result)
    text = words(report.read_text(encoding="utf-8"))
    assert words(result.study.claim) in text
    assert result.conditions
    assert all(words(condition) in text for condition in result.conditions)
    for row in result.rows:
        if not row.missing:
            for column in result.study.columns:
                assert column not in row.values or number(row[column]) in text
    assert (report.parent / "figure.png").stat().st_size > 1000
    assert (report.parent / "figure.svg").read_text(encoding="utf-8").count("<image") >= 1


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("encoder", ["compact", "vgg19"])
@pytest.mark.parametrize("quick", [False, True])
def test_the_recipes_of_a_study_are_whole(tmp_path: Path, name: str, encoder: str, quick: bool) -> None:
    study = STUDIES[name]
    setting = Setting(encoder, str(tmp_path / "vgg19.pth"), quick)
    cells = study.cells(setting)
    assert len({str(dict(cell.key)) for cell in cells}) == len(cells)
    for cell in cells:
        if isinstance(cell, FinetuneCell):
            assert settings_of(cell, setting).encoder == cell.settings.get("encoder", encoder)
            continue
        if isinstance(cell, OnePassCell):
            assert cell.missing or find_model(cell.network).is_file()
            continue
        assert all(index < study.styles for index in cell.styles)
        if not cell.missing and cell.recipe.get("encoder", encoder) in ("compact", "vgg19"):
            recipe_of(cell, setting)
    assert set(study.measures) <= set(MEASURES)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_a_page_in_the_words_of_the_study(name: str) -> None:
    study = STUDIES[name]
    page = words((ROOT / f"docs/lab/{name}.md").read_text(encoding="utf-8"))
    for text in (study.title, study.question, study.source, study.claim, study.differs):
        assert words(text) in page
    assert f"({name}.md)" in (ROOT / "docs/lab/README.md").read_text(encoding="utf-8")


def test_a_size_of_its_own_is_for_full_runs_without_a_size() -> None:
    textbook, other = find_study("two-resolutions"), find_study("losses")
    assert textbook.adjust(Setting()).size == 450
    assert [cell.recipe["scales"][-1][0] for cell in textbook.cells(textbook.adjust(Setting("vgg19")))] == [
        225,
        450,
    ]
    assert textbook.adjust(Setting(quick=True)).size == 192
    assert textbook.adjust(Setting(longest=100)).size == 100
    assert other.adjust(Setting()) == Setting()


def test_an_unknown_study() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'style-reconstruction'"):
        find_study("style-reconstrution")


def test_the_example_in_the_documents_runs(laboratory) -> None:
    text = (ROOT / "docs/lab/README.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec(compile(re.findall(r"```python\n(.*?)```", text, flags=re.S)[0], "README", "exec"), names)
    report = write_report(go(names["STUDY"], laboratory))
    assert "NOISE goes from" in report.read_text(encoding="utf-8")
