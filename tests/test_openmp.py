"""How OpenMP's threads wait."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from impasto.openmp import WAIT_POLICY

CODE = """
import os, sys
from impasto.cli.main import main
code = main(["presets"])
print(os.environ["GOMP_SPINCOUNT"], file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("chosen", [None, "5"])
def test_the_command_line_waits_passively_unless_told_otherwise(chosen) -> None:
    name, passive = WAIT_POLICY
    environment = {key: value for key, value in os.environ.items() if key != name}
    if chosen:
        environment[name] = chosen
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.stderr.splitlines()[-1] == (chosen or passive)
