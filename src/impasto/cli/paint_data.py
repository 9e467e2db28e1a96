"""``impasto finetune --make-data``: paint a data set of class folders."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from impasto.cli.console import print_result, print_status
from impasto.cli.training_progress import training_report
from impasto.errors import RecipeError

PER_CLASS = 100


def check_only_paints(data: Path | None, options: dict[str, Any]) -> None:
    """Raise RecipeError if something that only a training uses was given with --make-data."""
    names = [name for name, value in options.items() if value is not None and name != "seed"]
    if names or data is not None:
        extra = f"--{names[0].replace('_', '-')}" if names else f"'{data}'"
        raise RecipeError(
            f"--make-data only paints pictures; leave {extra} out and train in a second command."
        )


def paint_classes(folder: Path, per_class: int | None, seed: int, quiet: bool) -> None:
    """Paint `per_class` pictures of each class into `folder`; None stands for `PER_CLASS`."""
    from impasto.encoder_training.finetune.painted import paint_folder

    number = PER_CLASS if per_class is None else per_class
    with closing(training_report(quiet)) as report:
        count = paint_folder(
            folder, number, seed, lambda done, total: report.counted("painting", done, total)
        )
    if not quiet:
        print_status(f"{count} pictures painted")
        print_result(str(folder))
