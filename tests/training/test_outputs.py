"""The files of a training: their names, the first free number, and each reason why one cannot be written."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import ClassVar

import pytest

from impasto.errors import OutputError
from impasto.training.outputs import TrainingOutputs


class CardOutputs(TrainingOutputs):
    """Outputs with a card and curves."""

    endings: ClassVar[tuple[str, ...]] = (".md", "-curves.png")


def test_every_file_lies_beside_the_model_under_its_name(tmp_path: Path) -> None:
    outputs = CardOutputs(tmp_path / "night.v2.safetensors")
    assert [path.name for path in outputs.all] == [
        "night.v2.safetensors",
        "night.v2.md",
        "night.v2-curves.png",
        "night.v2.safetensors.checkpoint",
    ]
    assert {path.parent for path in outputs.all} == {tmp_path}
    assert len(TrainingOutputs(outputs.model).all) == 2
    with pytest.raises(FrozenInstanceError):
        outputs.model = tmp_path  # type: ignore[misc]


@pytest.mark.parametrize("name", ["a.pth", "a", "a.safetensors.bak", "safetensors"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError) as error:
        TrainingOutputs(tmp_path / name).check()
    assert f"not '{Path(name).suffix}'; give --out another suffix." in str(error.value)


def test_suffixes_may_be_written_large(tmp_path: Path) -> None:
    TrainingOutputs(tmp_path / "A.SAFETENSORS").check(overwrite=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", range(4))
def test_each_file_that_exists_is_found_without_overwrite(tmp_path: Path, number: int) -> None:
    outputs = CardOutputs(tmp_path / "a.safetensors")
    taken = outputs.all[number]
    taken.write_text("precious")
    outputs.check()
    with pytest.raises(OutputError) as error:
        outputs.check(overwrite=False)
    assert str(error.value) == f"'{taken}' already exists; remove it or give --out another name."
    assert taken.read_text() == "precious"


def test_a_link_to_nothing_exists_too(tmp_path: Path) -> None:
    outputs = TrainingOutputs(tmp_path / "a.safetensors")
    outputs.model.symlink_to(tmp_path / "nothing")
    with pytest.raises(OutputError, match="already exists"):
        outputs.check(overwrite=False)
    assert outputs.numbered().model.name == "a-2.safetensors"


@pytest.mark.parametrize("number", range(4))
def test_no_file_may_be_a_folder(tmp_path: Path, number: int) -> None:
    outputs = CardOutputs(tmp_path / "a.safetensors")
    outputs.all[number].mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        outputs.check()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"'{tmp_path / 'no'}' does not exist"):
        TrainingOutputs(tmp_path / "no" / "a.safetensors").check()


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        ([], "a"),
        (["a.safetensors"], "a-2"),
        (["a.md"], "a-2"),
        (["a.safetensors.checkpoint"], "a-2"),
        (["a-2.safetensors"], "a"),
        (["a.safetensors", "a-2-curves.png"], "a-3"),
        (["a.safetensors", "a-3.safetensors"], "a-2"),
        (["a.md", "a-2.md", "a-3.safetensors.checkpoint"], "a-4"),
    ],
)
def test_the_first_number_of_which_no_file_exists_is_taken(tmp_path: Path, taken, free: str) -> None:
    for name in taken:
        (tmp_path / name).touch()
    found = CardOutputs(tmp_path / "a.safetensors").numbered()
    assert isinstance(found, CardOutputs)
    assert found.model == tmp_path / f"{free}.safetensors"
    found.check(overwrite=False)
