"""Items: every picture with every style and value, under names of their own."""

from __future__ import annotations

import pytest

from impasto.batch import Variation, product_items
from impasto.errors import RecipeError


def test_every_picture_with_every_style_and_value() -> None:
    items = product_items(
        ["in/a.png", "in/b.png"],
        ["x.png", "y.png"],
        [Variation("strength", ("0.2", "0.5", "1")), Variation("seed", ("0", "1"))],
        settings={"size": 64},
    )
    assert len(items) == 2 * 2 * 3 * 2
    assert len({item.id for item in items}) == len(items)
    assert items[0].id == "a-x-strength-0.2-seed-0"
    assert items[-1].styles == ("y.png",)
    assert items[-1].settings == {"size": 64, "strength": "1", "seed": "1"}
    assert items[-1].labels == (("strength", "1"), ("seed", "1"))


def test_mixed_styles_are_one_picture() -> None:
    (item,) = product_items(["a.png"], ["x.png", "y.png"], mixed=True)
    assert (item.id, item.styles) == ("a-x-y", ("x.png", "y.png"))


def test_pictures_of_one_stem_keep_their_suffixes() -> None:
    items = product_items(["a.png", "a.jpg", "b.jpg"], [])
    assert [item.id for item in items] == ["a-png", "a-jpg", "b"]


def test_the_same_name_in_two_folders_is_refused() -> None:
    with pytest.raises(RecipeError, match="2 pictures would have the id 'a-png'"):
        product_items(["one/a.png", "two/a.png"], [])


def test_long_and_odd_names_become_names_of_files() -> None:
    (item,) = product_items(
        ["s3://b/" + "ä" * 200 + ".png"], ["x:y.png"], [Variation("scales", ("64:10,128:5",))]
    )
    assert len(item.id.encode()) <= 200
    (item,) = product_items([".hidden.png"], ["x:y.png"])
    assert item.id == "hidden-x-y"
