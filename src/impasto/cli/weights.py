"""``impasto weights``: the weights of other encoders; nothing is downloaded unless ``fetch`` is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.console import say, say_json, wide_console
from impasto.errors import WeightsError

if TYPE_CHECKING:
    from impasto.encoders import WeightStatus

app = typer.Typer(add_completion=False, help="List, fetch and verify encoder weights.")

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the weights, see 'impasto weights list'.")
]


@app.command("list")
def list_weights(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the weights that impasto knows, and which are here (without reading them)."""
    from impasto.encoders import status, weights_folder

    rows = status(check=False)
    if as_json:
        say_json([_as_dict(row) for row in rows])
        return
    from rich.table import Table

    from impasto.encoders import CATALOGUE

    table = Table("weights", "here", "MB", "licence", "paper")
    for row in rows:
        known = CATALOGUE[row.name]
        table.add_row(
            row.name, "yes" if row.present else "no", str(known.megabytes), row.licence, known.paper
        )
    wide_console().print(table)
    say(f"Folder: {weights_folder()}")
    say("The encoders 'compact' (the default), 'vgg19-random' and 'tiny' need no weights file.")


@app.command("fetch")
def fetch_weights(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Download weights after a yes, and verify them."""
    from impasto.encoders import fetch, record_of, verify, weights_folder

    record = record_of(name)
    path = weights_folder() / record.filename
    if path.is_file():
        try:
            verify(path, record)
        except WeightsError as error:
            say(f"{error} It will be replaced.")
        else:
            say(f"{path} is here and verified.")
            return
    size = f"{record.megabytes} MB" if record.bytes is None else f"{record.bytes:,} bytes"
    say(f"{name}: {size} from {record.url}")
    say(f"by {record.authors}; licence: {record.licence}")
    say(f"goes to {path}")
    if not yes and not typer.confirm("Download?", err=True):
        raise WeightsError("Nothing was downloaded, since the answer was not yes; --yes answers it.")

    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    with Progress(
        *Progress.get_default_columns()[:2],
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=wide_console(stderr=True),
    ) as bar:
        task = bar.add_task(name, total=record.bytes)
        fetched = fetch(record, lambda done, total: bar.update(task, completed=done, total=total or None))
    say(f"{fetched} is verified.")


@app.command("verify")
def verify_weights(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Default: all that are here.", show_default=False)
    ] = None,
) -> None:
    """Check size and SHA-256 of the weights that are here."""
    from impasto.encoders import CATALOGUE, find, record_of, require, verify

    if name is not None:
        path = require(name)
        verify(path, record_of(name))
        say(f"{name}: {path} is verified.")
        return
    bad: list[WeightsError] = []
    found = {known: find(known) for known in CATALOGUE}
    for known, place in found.items():
        if place is None:
            continue
        try:
            verify(place, CATALOGUE[known])
            say(f"{known}: verified")
        except WeightsError as error:
            bad.append(error)
            say(f"{known}: not the published file")
    if not any(found.values()):
        say("No weights are here; 'impasto weights fetch NAME' brings them.")
    if bad:
        raise bad[0]


@app.command("where")
def where() -> None:
    """Print the folder of fetched weights ($IMPASTO_WEIGHTS_DIR changes it)."""
    from impasto.encoders import weights_folder

    say(str(weights_folder()))


def _as_dict(row: WeightStatus) -> dict[str, object]:
    return {
        "name": row.name,
        "present": row.present,
        "path": str(row.path),
        "bytes": row.bytes,
        "licence": row.licence,
    }
