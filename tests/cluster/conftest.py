"""Fixtures of the clips' painters."""

from ..video.conftest import one_stylizer, style_files

__all__ = ["one_stylizer", "style_files"]
