"""``--help`` with the everyday options, and ``--help-all`` with all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperCommand

# Options that most people use; --help-all shows the others as well.
EVERYDAY = frozenset(
    (
        "style", "out", "out_dir", "fast", "network", "preset", "size", "strength", "stroke", "quality",
        "mix", "colors", "mask", "protect", "seed", "seamless", "aspect", "layer", "resume", "replay",
        "checkpoint", "preview", "manifest", "vary", "config", "format", "sheet", "update", "again",
        "watch", "cluster", "as_json", "quiet", "help_all", "help", "framing", "dpi",
    )
)  # fmt: skip


class EverydayCommand(TyperCommand):
    """A command whose help page shows the options in `EVERYDAY`, and with --help-all every option."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page; completion still knows every option."""
        if ctx.meta.get(ALL):
            super().format_help(ctx, formatter)
            return
        rest = [param for param in self._options() if param.name not in EVERYDAY and not param.hidden]
        epilog, self.epilog = self.epilog, f"{len(rest)} more options: impasto {self.name} --help-all."
        try:
            for param in rest:
                param.hidden = True
            super().format_help(ctx, formatter)
        finally:
            self.epilog = epilog
            for param in rest:
                param.hidden = False

    def _options(self) -> Iterable[Any]:
        return (param for param in self.params if param.param_type_name == "option")


ALL = "impasto.help_all"


def _show_all(ctx: typer.Context, requested: bool) -> None:
    if requested:
        ctx.meta[ALL] = True
        typer.echo(ctx.get_help())
        raise typer.Exit


HELP_ALL = typer.Option(
    "--help-all", help="Show every option and exit.", is_eager=True, expose_value=False, callback=_show_all
)
