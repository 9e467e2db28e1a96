"""Masks, regions and protection from the terminal: what they do, and that they come back in replays."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
from dataclasses import fields
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.cli.guide_options import GuideOptions, as_arguments, names_of
from impasto.cli.main import load
from impasto.cli.options import group_parameters
from impasto.guidance import Guides
from impasto.imaging import MASK_NAMES, read_embedded_json
from impasto.optimize.checkpoint import read_checkpoint

from .bad_cases import BLACK, BLUE, RED, TWO, WHITE, stripes
from .conftest import TINY, make_picture, pixels
from .test_kill import LONG, start, wait_for

STYLES = ("--style", "art.png", "--style", "art2.png")


@pytest.fixture
def mask(place: Path) -> Path:
    """Write the mask of the left half of photo.png."""
    return stripes(place / "mask.png", (WHITE, BLACK), (48, 36))


def paint(cli, out: str, *words: object) -> numpy.ndarray:
    """Return the picture that these words paint."""
    run = cli("stylize", *words, "--out", out)
    assert run.code == 0, run.err
    return pixels(Path(out))


def test_every_word_for_a_mask_is_in_the_help() -> None:
    (option,) = (p.annotation.__metadata__[0] for p in group_parameters(GuideOptions) if p.name == "mask")
    assert all(word in option.help for word in MASK_NAMES)


def test_words_become_guides_and_come_back(place: Path) -> None:
    Path("left").write_bytes(b"a file that is called like a word")
    typed = GuideOptions(["left", "./left", "a.png"], ["centre"], Path("m.png"), [Path("n.png")], "top")
    guides = typed.guides()
    assert guides.masks == ("left", Path("left"), Path("a.png"))
    assert (guides.style_masks, guides.protect) == (("centre",), "top")
    assert [path.name for path in guides.files] == ["left", "a.png", "m.png", "n.png"]
    words = as_arguments(guides)
    assert words == [
        "--mask=left", "--mask=./left", "--mask=a.png", "--style-mask=centre", "--regions=m.png",
        "--style-regions=n.png", "--protect=top",
    ]  # fmt: skip
    context = load("plan").make_context("plan", words)
    again = GuideOptions(**{field.name: context.params[field.name] for field in fields(GuideOptions)})
    assert again.guides() == guides
    assert names_of(guides)["style masks"] == "centre"
    assert GuideOptions().guides() == Guides()
    assert as_arguments(Guides()) == []


# Only the first layer, whose features see one pixel around their own, and nothing but the style.
LOCAL = (
    *TINY, "--size", "48", "--steps", "5", "--style-layers", "relu1_1", "--content-weight", "0", "--views", "1",
    "--start", "content", "--no-smooth-steps",
)  # fmt: skip


def test_masks_give_each_style_its_place(cli, mask: Path) -> None:
    """Where a style is not, the photograph stays as it started; two styles do side by side what each does alone.

    Nearly: the features beside the seam see a pixel of the other side.
    """
    stripes(mask.with_name("other.png"), (BLACK, WHITE), (48, 36))
    one = paint(cli, "one.png", "photo.png", "art.png", *LOCAL, "--mask", mask).astype(int)
    other = paint(cli, "two.png", "photo.png", "art2.png", *LOCAL, "--mask", "other.png").astype(int)
    both = paint(cli, "both.png", "photo.png", *STYLES, *LOCAL, "--mask", mask).astype(int)
    photo = pixels(Path("photo.png")).astype(int)
    left, right = slice(0, 22), slice(26, 48)
    assert numpy.array_equal(one[:, right], photo[:, right])
    assert numpy.array_equal(other[:, left], photo[:, left])
    assert abs(one[:, left] - photo[:, left]).mean() > 5
    assert abs(both[:, left] - one[:, left]).mean() < 1
    assert abs(both[:, right] - other[:, right]).mean() < 1


def test_the_last_style_gets_what_a_word_leaves(cli, place: Path) -> None:
    words = ("photo.png", *STYLES, *TINY)
    left = paint(cli, "left.png", *words, "--mask", "left")
    assert numpy.array_equal(left, paint(cli, "both.png", *words, "--mask", "left", "--mask", "right"))
    assert not numpy.array_equal(left, paint(cli, "top.png", *words, "--mask", "top"))


def test_regions_are_masks_in_colours(cli, mask: Path) -> None:
    stripes(mask.with_name("map.png"), (RED, BLUE), (48, 36))
    stripes(mask.with_name("art-map.png"), (RED,), (40, 40))
    stripes(mask.with_name("art2-map.png"), (BLUE,), (36, 44))
    words = ("photo.png", *STYLES, *LOCAL)
    maps = ("--regions", "map.png", "--style-regions", "art-map.png", "--style-regions", "art2-map.png")
    masked, coloured = paint(cli, "m.png", *words, "--mask", mask), paint(cli, "c.png", *words, *maps)
    assert abs(masked.astype(int) - coloured).max() <= 2
    stored = read_embedded_json("c.png")["guides"]
    assert [Path(path).name for path in stored["style_regions"]] == ["art-map.png", "art2-map.png"]
    assert numpy.array_equal(paint(cli, "again.png", "--from", "c.png"), coloured)


def test_a_style_mask_chooses_a_part_of_the_style(cli, place: Path) -> None:
    stripes(place / "style.png", (RED, BLUE), (40, 40))
    words = (
        "photo.png",
        "style.png",
        *TINY,
        "--steps",
        "60",
        "--content-weight",
        "0",
        "--start",
        "content",
        "--style-mask",
    )
    left, right = (paint(cli, f"{side}.png", *words, side).astype(int) for side in ("left", "right"))
    assert (left[..., 0] - left[..., 2]).mean() > (right[..., 0] - right[..., 2]).mean() + 20


@pytest.mark.parametrize("words", [(), ("--colors", "content"), ("--start", "noise")])
def test_what_is_protected_is_the_photograph(cli, mask: Path, words: tuple[str, ...]) -> None:
    """Also in the preview and in the time-lapse, from its first picture on."""
    painted = paint(
        cli, "o.png", "photo.png", "art.png", *TINY, "--size", "48", "--protect", mask, *words, "--preview", "p.png",
        "--timelapse", "t.webp",
    )  # fmt: skip
    photo = pixels(Path("photo.png"))
    assert painted.shape == photo.shape
    assert numpy.array_equal(painted[:, :24], photo[:, :24])
    assert not numpy.array_equal(painted[:, 24:], photo[:, 24:])
    assert numpy.array_equal(pixels(Path("p.png")), painted)
    with Image.open("t.webp") as animation:
        for index in range(animation.n_frames):
            animation.seek(index)
            frame = numpy.asarray(animation.convert("RGB")).astype(int)
            assert abs(frame[:, :20] - photo[:, :20]).mean() < 12  # WebP loses some


def test_the_photographs_colours_come_back_in_previews_too(cli, place: Path) -> None:
    photo = Image.new("RGB", (32, 24), (200, 60, 60))
    photo.paste((60, 60, 200), (0, 12, 32, 24))
    photo.save("photo.png")
    words = (
        "photo.png",
        "art.png",
        *TINY,
        "--colors",
        "content",
        "--preview",
        "p.png",
        "--timelapse",
        "t.gif",
    )
    painted = paint(cli, "o.png", *words).astype(int)
    assert (painted[:10, :, 0] > painted[:10, :, 2]).mean() > 0.95
    assert (painted[-10:, :, 0] < painted[-10:, :, 2]).mean() > 0.95
    assert numpy.array_equal(pixels(Path("p.png")), painted)
    with Image.open("t.gif") as animation:
        frame = numpy.asarray(animation.convert("RGB")).astype(int)
    assert (frame[:10, :, 0] > frame[:10, :, 2]).mean() > 0.9


def test_a_replay_with_masks_is_equal_bit_for_bit(cli, mask: Path) -> None:
    words = ["photo.png", *STYLES, *TINY, "--mask", "mask.png", "--protect", "top", "--style-mask", "centre"]
    paint(cli, "first.png", *words)
    assert read_embedded_json("first.png")["guides"] == {
        "masks": [str(mask)],
        "style_masks": ["centre"],
        "protect": "top",
    }
    paint(cli, "again.png", "--from", "first.png.json")
    assert Path("again.png").read_bytes() == Path("first.png").read_bytes()


def test_typed_masks_replace_all_that_were_stored(cli, mask: Path) -> None:
    paint(cli, "first.png", "photo.png", *STYLES, *TINY, "--mask", "mask.png", "--protect", "top")
    plain = paint(cli, "plain.png", "photo.png", *STYLES, *TINY, "--mask", "bottom")
    assert numpy.array_equal(paint(cli, "second.png", "--from", "first.png", "--mask", "bottom"), plain)
    assert read_embedded_json("second.png")["guides"] == {"masks": ["bottom"]}


def test_masks_that_moved_along_are_found(cli, mask: Path) -> None:
    Path("here").mkdir()
    for name in ("photo.png", "art.png", "mask.png"):
        Path(name).rename(f"here/{name}")
    words = ("here/photo.png", "here/art.png", *TINY, "--protect", "here/mask.png")
    first = paint(cli, "here/first.png", *words)
    Path("here").rename("there")
    assert numpy.array_equal(paint(cli, "again.png", "--from", "there/first.png"), first)
    Path("there/mask.png").unlink()
    run = cli("stylize", "--from", "there/first.png")
    assert run.code == 2
    assert run.err.endswith("is not there any more; give it with --protect.\n")


def test_a_texture_with_masks_is_replayed(cli, place: Path) -> None:
    words = ("texture", "art.png", "art2.png", *TINY, "--aspect", "2:1", "--mask", "left")
    assert cli(*words, "--out", "t.png").code == 0
    assert cli("texture", "art.png", "art2.png", *TINY, "--aspect", "2:1", "--out", "plain.png").code == 0
    assert not numpy.array_equal(pixels(place / "t.png"), pixels(place / "plain.png"))
    paint(cli, "u.png", "--from", "t.png")
    assert Path("u.png").read_bytes() == Path("t.png").read_bytes()


def test_a_stopped_run_with_masks_goes_on_bit_for_bit(cli, mask: Path, environment) -> None:
    words = ["photo.png", *STYLES, *LONG, "--mask", "mask.png", "--protect", "top", "--colors", "content"]
    whole = paint(cli, "whole.png", *words)
    process = start(["stylize", *words, "--preview", "p.png", "--out", "o.png"], environment)
    wait_for(Path("p.png"), process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=90)
    assert process.returncode == 130, said
    assert read_checkpoint(Path("o.png.checkpoint")).state["steps_done"] < 270
    shutil.copy("o.png.checkpoint", "copy")
    command = shlex.split(next(x for x in said.splitlines() if x.startswith("resume with: "))[13:])
    assert cli(*command[1:]).code == 0
    assert numpy.array_equal(pixels(Path("o.png")), whole)
    assert not Path("o.png.checkpoint").exists()
    other = cli("stylize", "--resume", "copy", "--mask", "right", "--out", "p.png")
    assert other.code == 3
    assert "differ from those of the checkpoint" in other.err


def test_what_is_left_of_several_keeps_the_masks(cli, mask: Path, environment) -> None:
    make_picture(Path("other.png"), 48, 36, 3)
    paint(
        cli,
        "first.png",
        "photo.png",
        *STYLES,
        *LONG,
        "--steps",
        "2",
        "--mask",
        "mask.png",
        "--protect",
        "top",
    )
    words = ["stylize", "photo.png", "other.png", *STYLES, "--from", "first.png", "--steps", "400"]
    process = start([*words, "--out-dir", "o", "--preview", "p.png"], environment)
    wait_for(Path("p.png"), process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=90)
    line = next(line for line in said.splitlines() if "photographs are left" in line)
    rest = shlex.split(line.split("paint them with: ")[1])
    assert {f"--mask={mask}", "--protect=top", "--from=first.png", "--steps=400"} <= set(rest)
    assert cli(rest[1], "-q", *(word for word in rest[2:] if word != "--steps=400")).code == 0
    stored = read_embedded_json("o/other-art-art2.png")
    assert stored["guides"] == {"masks": [str(mask)], "protect": "top"}
    assert stored["recipe"]["ema_decay"] == 0.9


def test_of_several_photographs_those_fail_that_a_mask_does_not_fit(cli, mask: Path) -> None:
    make_picture(Path("wide.png"), 60, 20, 3)
    make_picture(Path("other.png"), 96, 72, 4)
    run = cli(
        "stylize", "photo.png", "wide.png", "other.png", *STYLES, *TINY, "--mask", mask, "--out-dir", "o"
    )
    assert run.code == 5
    assert sorted(p.name for p in Path("o").glob("*.png")) == ["other-art-art2.png", "photo-art-art2.png"]
    last = run.err.splitlines()[-1]
    assert last.startswith("impasto: wide.png: The mask 'mask.png' is 48x36")


def test_a_mix_of_one_number_is_the_first_styles_weight(cli, place: Path) -> None:
    gamma = paint(cli, "gamma.png", "photo.png", *STYLES, *TINY, "--mix", "0.3", "--no-balance")
    both = paint(cli, "both.png", "photo.png", *STYLES, *TINY, "--mix", "0.3,0.7", "--no-balance")
    even = paint(cli, "even.png", "photo.png", *STYLES, *TINY, "--no-balance")
    alone = paint(cli, "alone.png", "photo.png", *STYLES, *TINY, "--mix", "1", "--no-balance")
    assert numpy.array_equal(gamma, both)
    assert not numpy.array_equal(gamma, even)
    assert read_embedded_json("gamma.png")["recipe"]["mix"] == [0.3]
    assert numpy.array_equal(alone, paint(cli, "art-alone.png", "photo.png", "art.png", *TINY))


def test_the_improvement_of_several_styles_is_said_at_the_end(cli, place: Path) -> None:
    words = [*TWO, "--sigmas", "1,2.5", "--out", "o.png"]
    run = cli(*words)
    assert run.code == 0, run.err
    stored = read_embedded_json("o.png")["improvements"]
    first, second = (f"{ratio:.3g}" for ratio in stored)
    assert run.err.splitlines()[-1] == (
        "improvement of the styles (loss at the start / at the end): "
        f"art {first}, art2 {second}; balance 1, 2.5"
    )
    assert cli(*words, "--quiet").err == ""
    assert "improvement" not in cli("stylize", "photo.png", "art.png", *TINY).err


def test_a_seamless_texture_wraps_around(cli, place: Path) -> None:
    """Across its edges neighbours differ as little as inside; without wrapping they differ more."""
    steps = {}
    for name, words in {"seamless": ["--seamless"], "plain": []}.items():
        run = cli(
            "texture", "art.png", *TINY, "--size", "48", "--steps", "80", *words, "--out", f"{name}.png"
        )
        assert run.code == 0, run.err
        values = pixels(place / f"{name}.png").astype(float)
        edge = abs(values[0] - values[-1]).mean() + abs(values[:, 0] - values[:, -1]).mean()
        inside = abs(numpy.diff(values, axis=0)).mean() + abs(numpy.diff(values, axis=1)).mean()
        steps[name] = edge / inside
    assert steps["seamless"] < 1.5
    assert steps["seamless"] < steps["plain"]
    assert read_embedded_json("seamless.png")["recipe"]["seamless"] is True


def test_a_plan_shows_what_is_not_the_default(cli, mask: Path) -> None:
    words = ["photo.png", *STYLES, *TINY]
    plain = cli("plan", *words).out
    for word in ("mix", "balance", "masks", "protect", "colours", "stroke", "seamless"):
        assert word not in plain.replace("optimiser", ""), word
    assert "held at the distance that the picture of one pass has" in plain
    assert "held at a distance of 0.5 from" in cli("plan", *words, "--start", "content").out
    assert "content weight times 10 " in cli("plan", *words, "--no-hold", "--strength", "0").out
    full = cli(
        "plan", *words, "--mix", "0.3", "--no-balance", "--mask", "mask.png", "--protect", "left", "--colors",
        "0.5", "--color-method", "pca", "--stroke", "1.5",
    ).out  # fmt: skip
    for row in ("mix 0.3, 0.7", "balance none", "masks mask.png", "protect left", "stroke 1.5"):
        assert row in " ".join(full.replace("│", " ").split())
    assert "50% the content image's, by pca" in full
    assert (
        "by scales, coarse to fine" in cli("plan", *words, "--share", "scales", "--scales", "16:2,32:2").out
    )
    texture = cli("plan", *STYLES, *TINY, "--seamless", "--mask", "left", "--json")
    assert json.loads(texture.out)["guides"] == {"masks": ["left"]}
    table = cli("plan", "--style", "art.png", *TINY, "--seamless").out
    assert "tiles along both axes" in table
    assert "strength" not in table
