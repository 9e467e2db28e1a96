"""How the threads of OpenMP wait for each other. Importing this module does not import torch."""

from __future__ import annotations

import os

# By default OpenMP's threads wait in a busy loop. On a machine that does something else as well they take the
# processors from the threads that they wait for: with one other process on two processors, a painting of 512 pixels
# took 64 s, and takes 12 s like this; on an idle machine 7.1 s and 7.5 s.
WAIT_POLICY = ("OMP_WAIT_POLICY", "passive")


def wait_passively() -> None:
    """Let the threads of this process and of its children sleep while they wait, unless the variable is set.

    It has an effect only before torch is imported.
    """
    os.environ.setdefault(*WAIT_POLICY)
