"""``impasto weights``: weights of the encoders; only ``fetch`` downloads anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.console import print_json, print_result, wide_console
from impasto.errors import WeightsError

if TYPE_CHECKING:
    from impasto.encoders import WeightStatus

app = typer.Typer(add_completion=False, help="List, fetch and verify encoder weights.")

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the weights; see 'impasto weights list'.")
]


@app.command("list")
def list_weights(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the known weights, and which of them are installed (without verifying them)."""
    from impasto.encoders import weights_folder, weights_status

    rows = weights_status(check=False)
    if as_json:
        print_json([_as_dict(row) for row in rows])
        return
    from rich.table import Table

    from impasto.encoders import CATALOGUE

    table = Table("weights", "installed", "MB", "licence", "paper")
    for row in rows:
        record = CATALOGUE[row.name]
        table.add_row(
            row.name, "yes" if row.present else "no", str(record.megabytes), row.licence, record.paper
        )
    wide_console().print(table)
    print_result(f"Folder: {weights_folder()}")
    print_result(
        "The encoders 'compact' (the default), 'compact-large', 'vgg19-random' and 'tiny' need no weights file."
    )


@app.command("fetch")
def fetch(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Download without asking.")] = False,
) -> None:
    """Download weights after confirmation, and verify them."""
    from impasto.encoders import fetch_weights, verify_weights, weight_record, weights_folder

    record = weight_record(name)
    path = weights_folder() / record.filename
    if path.is_file():
        try:
            verify_weights(path, record)
        except WeightsError as error:
            print_result(f"{error} It will be replaced.")
        else:
            print_result(f"{path} is installed and verified.")
            return
    size = f"{record.megabytes} MB" if record.bytes is None else f"{record.bytes:,} bytes"
    print_result(f"{name}: {size} from {record.url}")
    print_result(f"by {record.authors}; licence: {record.licence}")
    print_result(f"to {path}")
    if not yes and not typer.confirm("Download?", err=True):
        raise WeightsError("Nothing was downloaded, because the answer was not yes; use --yes to confirm.")

    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    with Progress(
        *Progress.get_default_columns()[:2],
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=wide_console(stderr=True),
    ) as bar:
        task = bar.add_task(name, total=record.bytes)
        fetched = fetch_weights(
            record, lambda done, total: bar.update(task, completed=done, total=total or None)
        )
    print_result(f"{fetched} is verified.")


@app.command("verify")
def verify(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Weights to verify. Default: all installed ones.", show_default=False
        ),
    ] = None,
) -> None:
    """Check size and SHA-256 of installed weights."""
    from impasto.encoders import CATALOGUE, find_weights, require_weights, verify_weights, weight_record

    if name is not None:
        path = require_weights(name)
        verify_weights(path, weight_record(name))
        print_result(f"{name}: {path} is verified.")
        return
    errors: list[WeightsError] = []
    paths = {record: find_weights(record) for record in CATALOGUE}
    for record, installed in paths.items():
        if installed is None:
            continue
        try:
            verify_weights(installed, CATALOGUE[record])
            print_result(f"{record}: verified")
        except WeightsError as error:
            errors.append(error)
            print_result(f"{record}: not the published file")
    if not any(paths.values()):
        print_result("No weights are installed; run 'impasto weights fetch NAME'.")
    if errors:
        raise errors[0]


@app.command("where")
def where() -> None:
    """Print the folder of downloaded weights; $IMPASTO_WEIGHTS_DIR changes it."""
    from impasto.encoders import weights_folder

    print_result(str(weights_folder()))


def _as_dict(row: WeightStatus) -> dict[str, object]:
    return {
        "name": row.name,
        "present": row.present,
        "path": str(row.path),
        "bytes": row.bytes,
        "licence": row.licence,
    }
