"""Names of the package that the page's files contain."""

from __future__ import annotations

import re
from pathlib import Path

from impasto.optimize import Recipe
from impasto.optimize.panels import PANELS
from impasto.studio.sample_pictures import SAMPLES

SCRIPTS = Path(__file__).resolve().parents[2] / "src" / "impasto" / "studio" / "static" / "js"


def names_of(file: str, constant: str) -> set[str]:
    text = (SCRIPTS / file).read_text(encoding="utf-8")
    block = re.search(rf"const {constant} = \[(.*?)\];", text, re.DOTALL)
    assert block
    return set(re.findall(r'"(\w+)"', block[1]))


def test_settings_on_the_page_are_fields_of_a_recipe():
    for file, constant in (
        ("schema_form.js", "MORE_FIELDS"),
        ("recipe_defaults.js", "CONTROL_FIELDS"),
        ("recipe_defaults.js", "SERVER_FIELDS"),
        ("estimate.js", "FREE_FIELDS"),
    ):
        names = names_of(file, constant)
        assert names
        assert names <= set(Recipe.model_fields), constant


def test_descriptions_and_panels_spell_colour_one_way():
    texts = [*PANELS, *(field.description or "" for field in Recipe.model_fields.values())]
    assert [text for text in texts if re.search(r"\bcolor", text, re.IGNORECASE)] == []
    assert all(sample.name for sample in SAMPLES)
