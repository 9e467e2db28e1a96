"""Settings of a training as options of a command: names, types, help, and what was typed and what was not."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from impasto.cli.training_options import takes_settings


class ToySettings(BaseModel):
    """One field of each kind."""

    steps: int = Field(7, description="How many.")
    learning_rate: float = Field(0.25, description="How fast.")
    hold: bool = Field(True, description="Whether to hold.")
    shape: Literal["round", "flat"] = Field("flat", description="Which one.")
    device: str = Field("auto", description="Where.")
    note: str | None = Field(None, description="Anything.")


def run(*words: str, metavars=None) -> Any:
    """Return what a command with these options was given, or the result of a run that failed."""
    app = typer.Typer(add_completion=False)

    def command(
        out: Annotated[str, typer.Argument()],
        force: Annotated[bool, typer.Option("--force")] = False,
        *,
        given: dict[str, Any],
    ) -> None:
        """Do what the toy does."""
        print(json.dumps({"out": out, "force": force, "given": given}))

    decorate = takes_settings(ToySettings) if metavars is None else takes_settings(ToySettings, metavars)
    app.command()(decorate(command))
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
    return json.loads(result.stdout) if result.exit_code == 0 and "--help" not in words else result


def test_nothing_typed_is_nothing_given() -> None:
    assert run("x") == {"out": "x", "force": False, "given": {}}


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["--steps", "9"], {"steps": 9}),
        (["--steps", "7"], {"steps": 7}),
        (["--steps", "0"], {"steps": 0}),
        (["--learning-rate", "1e-3"], {"learning_rate": 0.001}),
        (["--hold"], {"hold": True}),
        (["--no-hold"], {"hold": False}),
        (["--shape", "round"], {"shape": "round"}),
        (["--device", ""], {"device": ""}),
        (["--note", "n", "--steps", "2"], {"steps": 2, "note": "n"}),
    ],
    ids=" ".join,
)
def test_what_is_typed_is_given_with_its_type(words: list[str], given: dict[str, Any]) -> None:
    found = run("x", "--force", *words)
    assert found == {"out": "x", "force": True, "given": given}
    assert [type(value) for value in found["given"].values()] == [type(value) for value in given.values()]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--steps", "many"], ("--steps", "valid integer")),
        (["--steps", "2.5"], ("--steps", "valid integer")),
        (["--learning-rate", "fast"], ("--learning-rate", "valid")),
        (["--shape", "square"], ("--shape", "round", "flat")),
        (["--learning_rate", "1"], ("--learning_rate",)),
        (["--given", "1"], ("--given",)),
    ],
    ids=" ".join,
)
def test_what_is_of_another_type_is_a_usage_error(words: list[str], names) -> None:
    result = run("x", *words)
    assert result.exit_code == 2
    assert all(name in result.output for name in names)


def test_help_names_every_option_with_its_default_and_description() -> None:
    lines = run("--help").output.splitlines()
    assert any("Do what the toy does." in line for line in lines)
    for name, field in ToySettings.model_fields.items():
        (line,) = (line for line in lines if f"--{name.replace('_', '-')} " in line)
        assert str(field.description) in line
        assert (f"[default: ({field.default})]" in line) == (field.default is not None), line
    assert not any("--given" in line for line in lines)


def test_a_metavar_stands_in_the_help() -> None:
    (line,) = (x for x in run("--help", metavars={"steps": "COUNT"}).output.splitlines() if "--steps" in x)
    assert "COUNT" in line
    assert "COUNT" not in run("--help").output
