"""Class folders, splits, crops and the painted data set."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image

from impasto.encoder_training.finetune.augment import centre_batch, epoch_order, training_batch
from impasto.encoder_training.finetune.class_folders import find_classes, read_classes, read_small, split
from impasto.encoder_training.finetune.painted import paint_folder, paint_picture
from impasto.encoder_training.finetune.patterns import CLASSES
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.errors import OutputError, PictureError, RecipeError


def fill(folder: Path, count: int, colour: tuple[int, int, int], size: tuple[int, int] = (40, 32)) -> None:
    """Put pictures of one colour, each with a little noise of its own, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = numpy.random.default_rng(sum(colour))
    for index in range(count):
        noise = rng.integers(0, 30, (size[1], size[0], 3))
        Image.fromarray((numpy.array(colour) + noise).clip(0, 255).astype("uint8")).save(
            folder / f"{index}.png"
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes of 5, 6 and 10 pictures."""
    for name, count, colour in (
        ("red", 5, (200, 30, 30)),
        ("green", 6, (30, 200, 30)),
        ("blue", 10, (20, 20, 200)),
    ):
        fill(tmp_path / "data" / name, count, colour)
    return tmp_path / "data"


def read(folder: Path, **changes: object):
    options = {"side": 32, "limit": 10**9, "share": 0.2, "seed": 0, **changes}
    return read_classes(find_classes(folder), **options)


def test_folders_are_classes_in_order_of_name(folder: Path) -> None:
    (folder / "notes.txt").write_text("beside the classes")
    (folder / "red" / "notes.txt").write_text("among pictures")
    (folder / ".hidden").mkdir()
    (folder / "red" / ".hidden.png").write_bytes(b"not a picture")
    found = find_classes(folder)
    assert list(found.classes) == ["blue", "green", "red"]
    assert [len(paths) for paths in found.classes.values()] == [10, 6, 5]
    assert found.ignored == 2
    pictures = read(folder)
    assert pictures.counts() == [(8, 2), (5, 1), (4, 1)]
    assert pictures.skipped == ()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: None, "does not exist"),
        (lambda p: p.write_text("x"), "is not a folder"),
        (lambda p: p.mkdir(), "holds nothing"),
        (lambda p: (p.mkdir(), (p / "a.png").write_bytes(b"x")), "holds 1 files and no class folders"),
        (lambda p: fill(p / "only", 4, (1, 2, 3)), "only the class 'only'"),
        (
            lambda p: (fill(p / "a", 4, (1, 2, 3)), (p / "b").mkdir()),
            "class 'b' has no picture; .* at least 2",
        ),
        (
            lambda p: (fill(p / "a", 4, (1, 2, 3)), fill(p / "b", 1, (9, 9, 9))),
            "class 'b' has 1 picture; .* at least 2",
        ),
    ],
    ids=["missing", "file", "empty", "no classes", "one class", "empty class", "one picture"],
)
def test_what_is_no_data_set_is_refused(tmp_path: Path, make, words: str) -> None:
    make(tmp_path / "d")
    with pytest.raises(PictureError, match=words):
        find_classes(tmp_path / "d")


def test_corrupt_pictures_are_skipped_and_named(folder: Path) -> None:
    whole = (folder / "blue" / "3.png").read_bytes()
    (folder / "blue" / "3.png").write_bytes(whole[: len(whole) // 2])
    (folder / "blue" / "4.png").write_bytes(b"")
    pictures = read(folder)
    assert [one.path.name for one in pictures.skipped] == ["3.png", "4.png"]
    assert "damaged" in pictures.skipped[0].reason
    assert "0 bytes" in pictures.skipped[1].reason
    assert len(pictures.store) == 19
    for name in "0124":
        (folder / "red" / f"{name}.png").write_bytes(b"nothing")
    with pytest.raises(PictureError, match=r"class 'red' has 1 picture that can be read \(4 cannot\)"):
        read(folder)


def test_split_is_by_class_seeded_and_never_takes_all() -> None:
    labels = [0] * 50 + [1] * 2 + [2] * 9
    train, held = split(labels, 0.2, 3)
    assert sorted(train + held) == list(range(61))
    assert [[labels[i] for i in held].count(label) for label in range(3)] == [10, 1, 2]
    assert split(labels, 0.2, 3) == (train, held)
    assert split(labels, 0.2, 4) != (train, held)
    assert [labels[i] for i in split(labels, 0.99, 0)[0]] == [0, 1, 2]


def test_pictures_over_the_limit_are_read_again(folder: Path) -> None:
    kept, reread = read(folder), read(folder, limit=0)
    for index in range(len(kept.store)):
        assert torch.equal(kept.store[index], reread.store[index])
    assert kept.digest == reread.digest
    reread.store.paths[0].unlink()
    assert kept.store[0].dtype == torch.uint8
    with pytest.raises(PictureError, match="does not exist"):
        reread.store[0]
    Image.new("RGB", (40, 32)).save(folder / "blue" / "0.png")
    assert read(folder).digest != kept.digest


def test_reading_can_be_stopped_on_the_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_paths = []

    def slow(path: Path, side: int) -> torch.Tensor:
        read_paths.append(path)
        return read_small(path, side)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("impasto.encoder_training.finetune.class_folders.read_small", slow)
    with pytest.raises(KeyboardInterrupt):
        read(folder, on_progress=stop)
    assert 1 <= len(read_paths) < 21


def test_pictures_are_kept_small_and_transparency_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (200, 100), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    small = read_small(tmp_path / "clear.png", 50)
    assert small.shape == (3, 50, 100)
    assert bool((small == 255).all())
    assert read_small(tmp_path / "clear.png", 500).shape == (3, 100, 200)


def test_crops_follow_from_seed_epoch_and_step() -> None:
    images = [
        torch.randint(0, 256, (3, 40, 50), generator=torch.Generator().manual_seed(k)).byte()
        for k in range(4)
    ]
    settings = FinetuneSettings(size=32, side=32)
    first = training_batch(images, settings, 2, 5)
    assert first.shape == (4, 3, 32, 32)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
    assert torch.equal(first, training_batch(images, settings, 2, 5))
    for other in ((2, 6), (3, 5)):
        assert not torch.equal(first, training_batch(images, settings, *other))
    assert not torch.equal(first, training_batch(images, FinetuneSettings(size=32, side=32, seed=1), 2, 5))
    assert sorted(epoch_order(9, 0, 1)) == list(range(9))
    assert epoch_order(9, 0, 1) == epoch_order(9, 0, 1) != epoch_order(9, 0, 2)


def test_jitter_stays_within_its_bounds_and_can_be_off() -> None:
    grey = [torch.full((3, 40, 40), 102, dtype=torch.uint8)] * 64
    assert torch.allclose(training_batch(grey, FinetuneSettings(size=32, jitter=0), 0, 0), torch.tensor(0.4))
    # One grey has neither contrast nor colour, so only brightness can move it.
    varied = training_batch(grey, FinetuneSettings(size=32, jitter=0.2), 0, 0)[:, 0, 0, 0]
    assert 0.4 * 0.8 <= float(varied.min()) < 0.4 * 0.9 < 0.4 * 1.1 < float(varied.max()) <= 0.4 * 1.2


def test_half_of_the_crops_are_mirrored() -> None:
    ramp = [torch.arange(0, 200, 5).byte().expand(3, 40, 40)] * 100

    def rising(settings: FinetuneSettings) -> int:
        crops = training_batch(ramp, settings, 0, 0)
        return int((crops[:, 0, 16, 31] > crops[:, 0, 16, 0]).sum())

    assert 30 < rising(FinetuneSettings(size=32)) < 70
    assert rising(FinetuneSettings(size=32, flip=False)) == 100


def test_the_centre_is_the_centre() -> None:
    image = torch.zeros(3, 32, 64, dtype=torch.uint8)
    image[:, :, 16:48] = 255
    assert bool((centre_batch([image], 32) == 1).all())
    assert torch.allclose(centre_batch([image], 16), torch.ones(1, 3, 16, 16))


def test_painted_pictures_follow_from_class_number_and_seed() -> None:
    def values(*words: object) -> bytes:
        return paint_picture(*words, size=64).tobytes()

    assert len(CLASSES) >= 10
    assert values("rings", 3, 1) == values("rings", 3, 1)
    assert len({values(name, k, seed) for name in CLASSES for k in (0, 1) for seed in (0, 1)}) == 4 * len(
        CLASSES
    )
    for name, draw in CLASSES.items():
        mask = draw(64, numpy.random.default_rng(0))
        assert mask.shape == (64, 64)
        assert mask.dtype == numpy.float32
        assert mask.min() >= 0, name
        assert mask.max() <= 1, name
        assert mask.std() > 0.05, name


def test_a_painted_folder_is_a_data_set_and_overwrites_nothing(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    target = tmp_path / "painted"
    target.mkdir()
    total = paint_folder(target, 2, 0, lambda done, all_: seen.append((done, all_)))
    assert total == 2 * len(CLASSES) == len(seen)
    assert seen[-1] == (total, total)
    assert list(find_classes(target).classes) == sorted(CLASSES)
    with pytest.raises(OutputError, match="exists already"):
        paint_folder(target, 2)
    with pytest.raises(OutputError, match="cannot be painted"):
        paint_folder(tmp_path / "gone" / "painted", 2)
    with pytest.raises(RecipeError, match="per class"):
        paint_folder(tmp_path / "none", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["painted"]
