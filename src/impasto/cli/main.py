"""The ``impasto`` command: loads only the subcommand that runs, and turns errors into messages."""

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

from impasto.cli.console import print_note, print_result, print_status
from impasto.cli.failures import BROKEN_PIPE, INTERRUPTED, explain
from impasto.cli.interrupt import Interrupted
from impasto.openmp import wait_passively

COMMANDS = {
    "stylize": "Paint photographs in the style of a painting.",
    "video": "Paint a clip in the style of paintings, and keep its sound.",
    "texture": "Paint a texture of a style, at any size and aspect ratio.",
    "reconstruct": "Reconstruct an image from the features of a layer of the encoder.",
    "apply": "Paint photographs with a trained network, each in one pass.",
    "batch": "Paint many pictures: folders, tables, variations; goes on where it stopped.",
    "export": "Write a network as an ONNX file, for browsers, phones and other programs.",
    "plan": "Print sizes, steps, cost and memory of a run without starting it.",
    "presets": "List the presets, or all settings of one preset.",
    "weights": "List, fetch and verify encoder weights.",
    "train": "Train a network that paints in one or a few styles in one pass.",
    "train-any": "Train the network that paints in any style in one pass.",
    "distill": "Train a smaller encoder from VGG-19.",
    "finetune": "Fine-tune an encoder on your own pictures, one folder for each class.",
    "classify": "Classify pictures: VGG with the classes of ImageNet, or a fine-tuned encoder with yours.",
    "lab": "Reproduce the experiments of the papers, with figures, data and reports.",
    "studio": "Open impasto in the browser: a page with live previews and a queue, and an HTTP API.",
    "evaluate": "Measure a picture: distances to style and content, artifacts, noise, structure.",
    "demo": "Stylise a photograph with a procedural plate, offline.",
}


class LazyGroup(TyperGroup):
    """A group that imports a command when it runs; the help page needs only `COMMANDS`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, summary in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and remaining arguments as the base class does, with the imported command."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if command is not None and name else command, rest


def load(name: str) -> Any:
    """Import and return the command ``name`` of `COMMANDS`."""
    return typer.main.get_command(importlib.import_module(f"impasto.cli.{name.replace('-', '_')}").app)


app = typer.Typer(cls=LazyGroup, name="impasto", pretty_exceptions_enable=False)


def _version(requested: bool) -> None:
    if requested:
        from impasto import __version__

        print_result(f"impasto {__version__}")
        raise typer.Exit


@app.callback()
def impasto(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Neural style transfer: paint a content image in the style of another image."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line (default: that of the process) and return the exit code.

    0: success. 2: usage. 3: a file that cannot be used. 4: not enough memory. 5: some of several pictures failed. 6: a
    part is not installed. 70: a bug. 130 and 143: interrupted. 141: the reader of stdout is gone.
    """
    wait_passively()
    words = list(sys.argv[1:] if arguments is None else arguments)
    end = words.index("--") if "--" in words else len(words)
    debug = "--debug" in words[:end]
    words = [word for i, word in enumerate(words) if word != "--debug" or i >= end]
    command = typer.main.get_command(app)
    try:
        with _notes(debug):
            code = command.main(words or ["--help"], prog_name="impasto", standalone_mode=False)
            sys.stdout.flush()
    except Interrupted as stopped:
        return stopped.code
    except typer.Abort:
        print_status("impasto: stopped.")
        return INTERRUPTED
    except SystemExit as exit_request:  # typer and rich exit this way when stdout is closed
        if exit_request.code != 1:
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
            print_status(f"impasto: {failure.sentence}")
        return failure.code
    if code == INTERRUPTED:
        print_status("impasto: stopped.")
    return code if isinstance(code, int) else 0


@contextlib.contextmanager
def _notes(debug: bool) -> Iterator[None]:
    """Print impasto's warnings once each as notes; those of libraries only with ``--debug``."""
    printed: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        text = str(message)
        if text not in printed and (debug or category.__module__.startswith("impasto.")):
            printed.add(text)
            print_note(text)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


def _close_stdout() -> None:
    """Redirect stdout to the null device, so that Python does not report the broken pipe at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
