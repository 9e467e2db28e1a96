"""Callbacks that do nothing, the defaults of one-pass painting. Importing this module does not import torch."""

from __future__ import annotations


def ignore_progress(done: int, total: int) -> None:
    """Ignore the tiles done and their number."""


def ignore_build(number: int, total: int) -> None:
    """Ignore that one of several graphs is built."""
