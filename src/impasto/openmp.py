"""How the threads of OpenMP wait for each other. Importing this module does not import torch."""

from __future__ import annotations

import os

# By default OpenMP's threads wait long in a busy loop. On a machine that does something else as well they take the
# processors from the threads that they wait for: with one other process on two processors, a painting of 512 pixels
# took 64 s, and takes 12 s with this many turns of the loop; on an idle machine 7.1 s and 7.4 s. Without any
# (OMP_WAIT_POLICY=passive), short steps take half as long again.
WAIT_POLICY = ("GOMP_SPINCOUNT", "1000")


def wait_passively() -> None:
    """Let the threads of this process and of its children sleep soon while they wait, unless the variable is set.

    It has an effect only before torch is imported.
    """
    os.environ.setdefault(*WAIT_POLICY)
