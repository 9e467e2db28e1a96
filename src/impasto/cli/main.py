"""The ``impasto`` command: finds the command asked for, loads only that, and turns errors into sentences."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from impasto.cli.console import note, say, tell
from impasto.cli.failures import BROKEN_PIPE, INTERRUPTED, explain
from impasto.cli.interrupt import Interrupted

COMMANDS = {
    "stylize": "Paint photographs in the style of a painting.",
    "texture": "Paint a texture of a style, at any size and aspect ratio.",
    "reconstruct": "Reconstruct an image from the features of a layer of the encoder.",
    "apply": "Paint photographs with a trained network, each in one pass.",
    "export": "Write a network as an ONNX file, for browsers, phones and other programs.",
    "plan": "Print sizes, steps, cost and memory of a run without starting it.",
    "presets": "List the presets, or all settings of one preset.",
    "weights": "List, fetch and verify encoder weights.",
    "train": "Train a network that paints in one or a few styles in one pass.",
    "train-any": "Train the network that paints in any style in one pass.",
    "distill": "Train a compact encoder from VGG-19.",
    "finetune": "Fine-tune an encoder on your own pictures, one folder for each class.",
    "classify": "Say what a fine-tuned encoder takes pictures for.",
    "lab": "Reproduce the experiments of the papers, with figures, data and reports.",
    "studio": "Open impasto in the browser: a page with a queue, live previews, and an HTTP interface.",
    "evaluate": "Judge a picture: closeness to style and content, grain, structure.",
    "demo": "Stylise a real photograph with a painted plate, offline.",
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are run; the help page needs only `COMMANDS`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, summary in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and the arguments left, as the base class does, with the real command."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if command is not None and name else command, rest


def load(name: str) -> Any:
    """Return the command ``name`` of `COMMANDS`, imported."""
    return typer.main.get_command(importlib.import_module(f"impasto.cli.{name.replace('-', '_')}").app)


app = typer.Typer(cls=LazyGroup, name="impasto", pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        from impasto import __version__

        say(f"impasto {__version__}")
        raise typer.Exit


@app.callback()
def impasto(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere.")] = False,
) -> None:
    """Neural style transfer: a photograph and a painting in, a finished picture out."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line (default: that of the process) and return the exit code.

    0: done. 2: something given was wrong, said in one sentence. 70: a bug. 130 and 143: interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    end = given.index("--") if "--" in given else len(given)
    debug = "--debug" in given[:end]
    given = [word for i, word in enumerate(given) if word != "--debug" or i >= end]
    command = typer.main.get_command(app)
    try:
        with _notes(debug):
            code = command.main(given or ["--help"], prog_name="impasto", standalone_mode=False)
            sys.stdout.flush()
    except Interrupted as stopped:
        return stopped.code
    except typer.Abort:
        tell("impasto: stopped.")
        return INTERRUPTED
    except SystemExit as leaving:  # how typer and rich leave when nobody reads stdout any more
        if leaving.code != 1:
            raise
        _close_stdout()
        return BROKEN_PIPE
    except Exception as error:
        if debug:
            traceback.print_exc()
        failure = explain(error)
        if failure.sentence is None:
            _close_stdout()
        else:
            tell(f"impasto: {failure.sentence}")
        return failure.code
    if code == INTERRUPTED:
        tell("impasto: stopped.")
    return code if isinstance(code, int) else 0


@contextlib.contextmanager
def _notes(debug: bool) -> Iterator[None]:
    """Say impasto's own warnings once each as notes; those of libraries only to who debugs."""
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        text = str(message)
        if text not in said and (debug or category.__module__.startswith("impasto.")):
            said.add(text)
            note(text)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


def _close_stdout() -> None:
    """Point stdout nowhere, so that Python does not complain about the broken pipe when it leaves."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
