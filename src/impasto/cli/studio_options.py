"""The options of ``impasto studio``, each as the type of a parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HostOption = Annotated[
    str,
    typer.Option(metavar="NAME", help="Address to listen on; other machines can connect only with --token."),
]
PortOption = Annotated[int, typer.Option(help="Port to listen on; 0 takes any free port.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder for pictures and queue; default: the user's data folder.",
        show_default=False,
    ),
]
TokenOption = Annotated[
    str | None, typer.Option(metavar="WORD", help="Secret that clients must send.", show_default=False)
]
DeviceOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="cpu, cuda, cuda:1, ...; each device paints one job at a time.",
        show_default=False,
    ),
]
KeepOption = Annotated[
    str, typer.Option(metavar="SIZE", help="Largest size of the history, such as 500MB or 5GB.")
]
ClipSizeOption = Annotated[
    str, typer.Option(metavar="SIZE", help="Largest file of a clip that is uploaded, such as 200MB.")
]
ClipLengthOption = Annotated[
    float, typer.Option(metavar="SECONDS", help="Longest clip that is uploaded, in seconds.")
]
RebuildOption = Annotated[
    bool,
    typer.Option("--rebuild", help="Import the pictures in the data folder that the gallery does not list."),
]
NoOpenOption = Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")]
AllowedHostOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="Name under which browsers find the studio, behind a proxy.", show_default=False
    ),
]
RootPathOption = Annotated[
    str, typer.Option(metavar="PREFIX", help="Prefix of all addresses behind a proxy, such as /studio.")
]
TrustedProxyOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS",
        help="Address or network of a proxy whose X-Forwarded headers count.",
        show_default=False,
    ),
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File with the token; or set IMPASTO_TOKEN.", show_default=False),
]
LogLevelOption = Annotated[
    str,
    typer.Option(metavar="LEVEL", help="debug, info (also requests and jobs), warning or error."),
]
LogFormatOption = Annotated[str, typer.Option(metavar="FORMAT", help="text, or json: one object a line.")]
