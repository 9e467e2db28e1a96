"""What a new user meets: help, completion, and messages about URLs and masks."""

from __future__ import annotations

import os
import subprocess
import sys
import typing
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image

from impasto.cli.completion import ENCODERS, complete_network, completion_of
from impasto.cli.everyday_help import EVERYDAY
from impasto.cli.main import load
from impasto.errors import PictureError
from impasto.imaging import check_file, pictures_in, read_mask
from impasto.optimize.presets import PRESETS
from impasto.optimize.recipe import Recipe
from impasto.optimize.recipe_keywords import RecipeKeywords

COMMANDS = ("stylize", "batch", "texture", "reconstruct", "plan")


def listed(page: str, flags: Iterable[str]) -> set[str]:
    """Return the options that have a line of their own on a help page."""
    lines = [line.lstrip("│ *") for line in page.splitlines()]
    return {flag for flag in flags if any(line.startswith(f"{flag} ") for line in lines)}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_everyday_options_and_help_all_every_one(cli, command: str, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    flags = {
        flag: parameter.name
        for parameter in load(command).params
        if parameter.param_type_name == "option" and not parameter.hidden
        for flag in parameter.opts
        if flag.startswith("--")
    }
    short, full = cli(command, "--help"), cli(command, "--help-all")
    assert (short.code, full.code) == (0, 0)
    shown = listed(short.out, flags)
    assert {flags[flag] for flag in shown} == {name for name in flags.values() if name in EVERYDAY}
    assert listed(full.out, flags) == set(flags)
    assert "--help-all" in short.out
    assert len(short.out.splitlines()) < 0.7 * len(full.out.splitlines())


def complete(words: str, environment: dict[str, str]) -> set[str]:
    """Return what the shell offers for the last of these words."""
    code = "import sys; sys.argv[0] = 'impasto'; from impasto.cli.main import main; sys.exit(main())"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            **environment,
            "_IMPASTO_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return set(run.stdout.split())


def test_the_shell_completes_names(environment) -> None:
    assert complete("impasto stylize --preset ga", environment) == {"gatys"}
    assert {"two-poplars"} <= complete("impasto apply two", environment)
    assert complete("impasto batch a.png --encoder vgg16-", environment) == {"vgg16-caffe"}


def test_every_name_is_completed() -> None:
    from impasto.encoders import ENCODERS as REGISTERED
    from impasto.feedforward.pretrained import pretrained_networks

    assert tuple(REGISTERED) == ENCODERS
    for field, names in (("preset", PRESETS), ("encoder", REGISTERED)):
        complete_field = completion_of(field)
        assert complete_field is not None
        assert complete_field("") == sorted(names)
    assert complete_network("") == sorted(pretrained_networks())


def test_a_url_is_named_as_it_was_given(cli, place: Path) -> None:
    for words in (
        ("stylize", "https://example.org/a.png", "art.png"),
        ("stylize", "photo.png", "--style", "https://example.org/a.png"),
        ("apply", "two-poplars", "https://example.org/a.png"),
    ):
        run = cli(*words)
        assert run.code == 3
        assert run.err.startswith("impasto: 'https://example.org/a.png' is a URL, ")
        assert len(run.err.splitlines()) == 1
    for check in (lambda: check_file(Path("C:/gone.png")), lambda: pictures_in(["gone.png"])):
        with pytest.raises(PictureError, match="does not exist"):
            check()


def test_a_mask_of_another_shape_is_described_by_its_own_size(tmp_path: Path) -> None:
    Image.new("L", (3000, 1000), 255).save(tmp_path / "wide.png")
    with pytest.raises(PictureError) as error:
        read_mask(tmp_path / "wide.png", 48, 64, name="wide.png")
    assert str(error.value) == (
        "The mask 'wide.png' is 3000x1000 with an aspect ratio (width / height) of 3, but that of the picture it is for"
        " is 1.33; crop it to the picture's."
    )


def test_the_typed_keywords_are_the_fields_of_the_recipe() -> None:
    keywords = typing.get_type_hints(RecipeKeywords)
    assert set(keywords) == set(Recipe.model_fields) - {"preset"}
    for name, field in Recipe.model_fields.items():
        if name != "preset" and field.default is not None and not field.is_required():
            kinds = [
                typing.get_origin(kind) or kind
                for kind in typing.get_args(keywords[name]) or (keywords[name],)
            ]
            literals = typing.get_args(keywords[name])
            assert field.default in literals or any(
                isinstance(kind, type) and isinstance(field.default, kind)
                for kind in (*kinds, typing.get_origin(keywords[name]))
            ), name
