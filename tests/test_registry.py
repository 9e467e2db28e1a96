"""What the whole package rests on: registries, lazy exports, and digests equal to hashlib's."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from impasto._lazy import lazy_exports
from impasto.errors import RecipeError
from impasto.hashing import bytes_sha256, file_sha256, pixels_sha256
from impasto.registry import ImplementationRegistry, RegistryEntry


@dataclass(frozen=True, kw_only=True)
class Brush(RegistryEntry):
    """An entry with a property of its own."""

    width: int = 1


def brushes() -> ImplementationRegistry[Brush]:
    return ImplementationRegistry(
        "brush",
        [
            Brush(name=name, implementation=len, width=width)
            for name, width in (("round", 3), ("flat", 8), ("fan", 5))
        ],
    )


def test_a_registry_is_a_mapping_in_the_order_of_registration() -> None:
    registry = brushes()
    assert list(registry) == ["round", "flat", "fan"]
    assert len(registry) == 3
    assert [entry.width for entry in registry.values()] == [3, 8, 5]
    assert registry["flat"] is registry.find("flat")
    added = Brush(name="angle", implementation=max)
    assert registry.register(added) is added
    assert list(registry)[-1] == "angle"
    registry.unregister("round")
    assert list(registry) == ["flat", "fan", "angle"]


@pytest.mark.parametrize("name", ["oil", 3, None, ("flat",), ["flat"]])
def test_what_is_no_name_of_an_entry_is_not_in_it(name: object) -> None:
    assert name not in brushes()


def test_a_name_that_is_taken_changes_nothing() -> None:
    registry = brushes()
    with pytest.raises(ValueError, match=r"The brush 'flat' is registered already\."):
        registry.register(Brush(name="flat", implementation=max, width=99))
    assert registry["flat"].width == 8
    assert len(registry) == 3


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("flet", "Unknown brush 'flet'. Did you mean 'flat'? Allowed: fan, flat, round."),
        ("xyz", "Unknown brush 'xyz'. Allowed: fan, flat, round."),
        ("", "Unknown brush ''. Allowed: fan, flat, round."),
    ],
)
def test_an_unknown_name_is_one_sentence(name: str, sentence: str) -> None:
    with pytest.raises(RecipeError) as error:
        brushes().find(name)
    assert str(error.value) == sentence
    with pytest.raises(KeyError):
        brushes().unregister(name)


def test_two_registries_share_nothing() -> None:
    first, second = brushes(), brushes()
    first.unregister("fan")
    assert "fan" in second


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two modules, one of which is broken."""
    folder = tmp_path / "lazyroom"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from impasto._lazy import lazy_exports\n"
        "__getattr__ = lazy_exports(__name__, {'good': ['one', 'two'], 'broken': ['three']})\n"
    )
    (folder / "good.py").write_text("one = 1\n\ndef two():\n    return 2\n")
    (folder / "broken.py").write_text("raise RuntimeError('broken')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "lazyroom"]:
        del sys.modules[name]


def test_a_name_loads_its_module_on_first_use_only(package: Path) -> None:
    import lazyroom

    assert "lazyroom.good" not in sys.modules
    assert lazyroom.two() == 2
    assert "lazyroom.good" in sys.modules
    from lazyroom import one

    assert one == 1
    assert "lazyroom.broken" not in sys.modules
    with pytest.raises(RuntimeError, match="broken"):
        lazyroom.three  # noqa: B018


def test_a_name_that_is_not_exported_is_an_attribute_error(package: Path) -> None:
    import lazyroom

    with pytest.raises(AttributeError, match="module 'lazyroom' has no attribute 'four'"):
        lazyroom.four  # noqa: B018
    assert not hasattr(lazyroom, "four")
    assert "lazyroom.good" not in sys.modules
    with pytest.raises(ImportError):
        from lazyroom import five  # noqa: F401


def test_an_entry_with_a_name_is_loaded_when_asked(package: Path) -> None:
    entry = Brush(name="two", implementation="lazyroom.good:two")
    assert "lazyroom.good" not in sys.modules
    assert entry.load()() == 2
    assert Brush(name="length", implementation=len).load() is len


def test_a_module_that_lacks_a_promised_name_is_an_attribute_error(package: Path) -> None:
    with pytest.raises(AttributeError, match="missing"):
        lazy_exports("lazyroom", {"good": ["missing"]})("missing")
    with pytest.raises(AttributeError, match="missing"):
        Brush(name="m", implementation="lazyroom.good:missing").load()


@pytest.mark.parametrize("size", [0, 1, 64, 2**18 - 1, 2**18, 2**18 + 1, 3 * 2**18])
def test_digests_are_hashlibs(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    (tmp_path / "f").write_bytes(data)
    wanted = hashlib.sha256(data).hexdigest()
    assert bytes_sha256(data) == file_sha256(tmp_path / "f") == wanted


def test_the_digest_of_the_standards_example() -> None:
    assert (
        bytes_sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )  # FIPS 180-2, B.1
    with pytest.raises(FileNotFoundError):
        file_sha256(Path("nowhere"))


def test_pixels_count_in_their_order_whatever_lies_between_them() -> None:
    pixels = torch.arange(24, dtype=torch.float32).view(2, 3, 4)
    wanted = hashlib.sha256(pixels.numpy().tobytes()).hexdigest()
    assert pixels_sha256(pixels) == wanted
    assert pixels_sha256(pixels.view(6, 4)) == wanted
    assert pixels_sha256(torch.stack((pixels, pixels), 3)[..., 0]) == wanted
    assert pixels_sha256(pixels.transpose(0, 1).contiguous().transpose(0, 1)) == wanted
    others = (pixels + 1, pixels.double(), pixels.transpose(0, 2), pixels[:1])
    assert len({wanted, *(pixels_sha256(other) for other in others)}) == 5
