"""State files: what is written is read back, what is not one is a sentence, and no code in a file runs."""

from __future__ import annotations

import io
import os
import pickle
import random
import zipfile
from pathlib import Path

import pytest
import torch

from impasto.errors import OutputError, ResumeError
from impasto.imaging.scratch import LEAST_BYTES
from impasto.state_files import read_state, write_state

CONTENT = {
    "tensor": torch.arange(6, dtype=torch.float32).view(2, 3),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "nested": {"list": [1, 2.5, "three", None, True], "tuple": (1, (2, 3))},
    "empty": {},
}


class Evil:
    """An object whose unpickling writes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def other_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "not a state")
    return buffer.getvalue()


GOOD = saved(CONTENT)
DAMAGED = {
    "empty": b"",
    "text": b"Hello, this is a letter.\n",
    "zeros": bytes(4096),
    "cut in the middle": GOOD[: len(GOOD) // 2],
    "without its end": GOOD[:-30],
    "without its beginning": GOOD[200:],
    "another zip": other_zip(),
    "a pickle": pickle.dumps({"step": 1}),
    "a list of tensors": saved([torch.zeros(3)]),
    "a tensor": saved(torch.zeros(3, 4)),
    "a number": saved(3),
    "an unknown class": saved({"step": random.Random(0)}),
}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_state(tmp_path / "s", CONTENT)
    found = read_state(tmp_path / "s")
    assert list(found) == list(CONTENT)
    for name in ("tensor", "half"):
        assert found[name].dtype == CONTENT[name].dtype
        assert torch.equal(found[name], CONTENT[name])
    assert found["nested"] == CONTENT["nested"]
    assert found["empty"] == {}


def test_a_large_tensor_that_lies_in_no_file_is_written_with_the_rest(tmp_path: Path) -> None:
    # Only tensors on the CPU lie in files. One on "meta", like one on a GPU, cannot be copied in bands of rows.
    large = torch.empty(2, LEAST_BYTES, dtype=torch.uint8, device="meta")
    write_state(tmp_path / "s", {"large": large})
    assert read_state(tmp_path / "s")["large"].shape == large.shape


def test_two_names_of_one_tensor_stay_one(tmp_path: Path) -> None:
    shared = torch.zeros(4)
    write_state(tmp_path / "s", {"a": shared, "b": shared[:2]})
    found = read_state(tmp_path / "s")
    found["a"].fill_(3)
    assert (found["b"] == 3).all()


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_not_a_state_is_one_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "s"
    path.write_bytes(DAMAGED[name])
    with pytest.raises(ResumeError) as error:
        read_state(path, "the checkpoint of a painting")
    assert str(error.value) == f"{path} is damaged or not the checkpoint of a painting; start afresh."
    assert path.read_bytes() == DAMAGED[name]


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()], ids=["nothing", "a folder"])
def test_a_missing_file_is_one_sentence(tmp_path: Path, make) -> None:
    make(tmp_path / "s")
    with pytest.raises(ResumeError) as error:
        read_state(tmp_path / "s")
    assert str(error.value) == f"{tmp_path / 's'} is not a checkpoint: there is no such file."


@pytest.mark.parametrize("write", [saved, pickle.dumps], ids=["torch", "pickle"])
def test_no_code_in_a_file_is_run(tmp_path: Path, write) -> None:
    path, trace = tmp_path / "s", tmp_path / "trace"
    path.write_bytes(write({"state": Evil(trace), "version": 2}))
    with pytest.raises(ResumeError, match="damaged or not a checkpoint"):
        read_state(path)
    assert not trace.exists()
    pickle.loads(pickle.dumps(Evil(trace)))  # it would have worked
    assert trace.exists()


class Broken:
    """An object that cannot be pickled."""

    def __reduce__(self):
        raise OSError(28, "No space left on device")


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    write_state(path, {"step": 1})
    old = path.read_bytes()
    with pytest.raises(OutputError, match="No space left on device"):
        write_state(path, {"large": torch.zeros(1000), "step": Broken()})
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]
    write_state(path, {"step": 2})
    assert read_state(path) == {"step": 2}


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_state(tmp_path / "nowhere" / "s", {"step": 1})


def test_a_hidden_name_and_a_link_are_written(tmp_path: Path) -> None:
    write_state(tmp_path / ".hidden", {"step": 1})
    (tmp_path / "link").symlink_to(tmp_path / ".hidden")
    write_state(tmp_path / "link", {"step": 2})
    assert read_state(tmp_path / ".hidden") == {"step": 2}
    assert (tmp_path / "link").is_symlink()
