"""Reading into arrays and writing: the same pictures as with tensors, and no torch."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import numpy
from PIL import Image

from impasto import imaging
from impasto.imaging import read_picture, read_planes

PROBE = """
import sys
from impasto import imaging
planes = imaging.read_planes("in.png", longest=20)
imaging.write_picture("out.png", planes.pixels, alpha=planes.alpha, provenance={"a": 1})
imaging.check_file, imaging.MASK_NAMES, imaging.pictures_in
assert "torch" not in sys.modules
"""


def test_arrays_are_read_and_written_without_torch(tmp_path) -> None:
    values = numpy.random.default_rng(0).integers(0, 256, (30, 24, 4), dtype=numpy.uint8)
    Image.fromarray(values).save(tmp_path / "in.png")
    subprocess.run([sys.executable, "-c", PROBE], check=True, cwd=tmp_path)
    small = read_picture(tmp_path / "in.png", longest=20)
    written = read_picture(tmp_path / "out.png")
    assert numpy.array_equal(small.pixels.numpy(), written.pixels.numpy())
    assert numpy.array_equal(small.alpha.numpy(), written.alpha.numpy())
    planes = read_planes(tmp_path / "in.png")
    whole = read_picture(tmp_path / "in.png")
    assert numpy.array_equal(planes.pixels, whole.pixels.numpy())
    assert (planes.bits, planes.name, planes.path) == (whole.bits, whole.name, whole.path)


ALL_FORMATS = """
import sys
from impasto import imaging
imaging.read_planes("in.png")
assert "PIL.TiffImagePlugin" not in sys.modules
assert imaging.read_planes("in.tif").pixels.shape == (1, 3, 6, 5)
"""


def test_a_png_is_read_without_loading_every_format(tmp_path) -> None:
    for suffix in ("png", "tif"):
        Image.new("RGB", (5, 6), "teal").save(tmp_path / f"in.{suffix}")
    subprocess.run([sys.executable, "-c", ALL_FORMATS], check=True, cwd=tmp_path)


def test_no_submodule_hides_an_export() -> None:
    submodules = {module.name for module in pkgutil.iter_modules(imaging.__path__)}
    assert not submodules & set(imaging.__all__)
    for name in sorted(submodules):
        importlib.import_module(f"impasto.imaging.{name}")
    assert all(getattr(imaging, name) is not None for name in imaging.__all__)
