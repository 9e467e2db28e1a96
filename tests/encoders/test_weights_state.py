"""Reading weights files: every way they can be wrong ends in one sentence."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from impasto.encoders.state import gather
from impasto.encoders.store import load_state
from impasto.encoders.vgg import VGG
from impasto.errors import WeightsError

SMALL = ((4, 4), (6,), (5, 5))
TABLE = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(4, dtype=torch.float16)}


class Payload:
    """Pickles into a call that writes a file, as a malicious weights file would."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (exec, (f"open({str(self.marker)!r}, 'w').close()",))


@pytest.mark.parametrize("zipped", [True, False])
def test_pth_files_are_read_back(tmp_path: Path, zipped: bool) -> None:
    torch.save(TABLE, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    found = load_state(tmp_path / "w.pth")
    assert set(found) == {"a", "b"}
    assert torch.equal(found["a"], TABLE["a"])


def test_safetensors_and_nested_tables_are_read_back(tmp_path: Path) -> None:
    save_file(TABLE, tmp_path / "w.safetensors")
    assert torch.equal(load_state(tmp_path / "w.safetensors")["b"], TABLE["b"])
    torch.save({"state_dict": TABLE, "epoch": 3}, tmp_path / "w.pt")
    assert torch.equal(load_state(tmp_path / "w.pt")["a"], TABLE["a"])


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_never_runs(tmp_path: Path, zipped: bool) -> None:
    path, marker = tmp_path / "evil.pth", tmp_path / "marker"
    torch.save({"a": Payload(marker)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match="contain program code"):
        load_state(path)
    assert not marker.exists()
    torch.load(path, weights_only=False)
    assert marker.exists(), "the payload must be able to run, or this test proves nothing"


def test_a_bare_pickle_is_refused_and_never_runs(tmp_path: Path) -> None:
    path, marker = tmp_path / "evil.pth", tmp_path / "marker"
    path.write_bytes(pickle.dumps(Payload(marker)))
    with pytest.raises(WeightsError):
        load_state(path)
    assert not marker.exists()


def truncated(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize("zipped", [True, False])
def test_a_cut_pth_file_is_refused(tmp_path: Path, zipped: bool) -> None:
    torch.save({"a": torch.ones(1000)}, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    truncated(tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="damaged"):
        load_state(tmp_path / "w.pth")


def test_a_cut_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file(TABLE, tmp_path / "w.safetensors")
    truncated(tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="damaged"):
        load_state(tmp_path / "w.safetensors")


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x80\x02}.", b"\x00" * 64])
def test_a_foreign_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError):
        load_state(tmp_path / name)


def test_missing_files_folders_and_formats_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="do not exist"):
        load_state(tmp_path / "no.pth")
    with pytest.raises(WeightsError, match="are a folder"):
        load_state(tmp_path)
    (tmp_path / "w.caffemodel").write_bytes(b"x")
    with pytest.raises(WeightsError, match=r"unknown format; allowed are \.safetensors, \.pth, \.pt"):
        load_state(tmp_path / "w.caffemodel")


@pytest.mark.parametrize("content", [[torch.ones(1)], torch.ones(1), {}, {"a": 1}, {1: torch.ones(1)}])
def test_files_that_are_not_tables_of_tensors_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"dictionary of named tensors|other values than named tensors"):
        load_state(tmp_path / "w.pth")


def spoil(state: dict[str, Tensor], fault: str) -> dict[str, Tensor]:
    key = "features.5.weight"
    if fault == "missing":
        del state[key]
    elif fault == "shape":
        state[key] = state[key][:, :, :1]
    elif fault == "integers":
        state[key] = state[key].int()
    else:
        state[key].view(-1)[3] = float(fault)
    return state


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", r"lack features\.5\.weight"),
        ("shape", r"features\.5\.weight of shape \(6, 4, 1, 3\) where \(6, 4, 3, 3\) is needed"),
        ("integers", r"features\.5\.weight as torch\.int32"),
        ("nan", r"features\.5\.weight holds NaN or infinity"),
        ("inf", r"features\.5\.weight holds NaN or infinity"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    oracle: Callable[[str], nn.Module], fault: str, message: str
) -> None:
    with pytest.raises(WeightsError, match=f"Weights x.pth.*{message}"):
        VGG("small", SMALL, spoil(dict(oracle("small").state_dict()), fault), source="x.pth")


def test_half_precision_and_extra_entries_are_accepted(
    oracle: Callable[[str], nn.Module], image: Tensor
) -> None:
    state = oracle("small").state_dict()
    halves = {key: value.half() for key, value in state.items()} | {"classifier.0.weight": torch.ones(2, 2)}
    exact = VGG("small", SMALL, {key: value.half().float() for key, value in state.items()})
    found = VGG("small", SMALL, halves)
    assert found.dtype == torch.float32
    assert torch.equal(found(image, ["relu3_2"])["relu3_2"], exact(image, ["relu3_2"])["relu3_2"])


def test_many_missing_entries_are_counted() -> None:
    with pytest.raises(WeightsError, match="lack a, b, c, d and 2 more"):
        gather({}, dict.fromkeys("abcdef", (1,)), "x")
