"""Clips that are read: colours, depth, rotation, times, parts, rates and damage."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import InputError
from impasto.video.color_tags import complete_tags
from impasto.video.container_clip import upright
from impasto.video.open_clip import chosen_frames, exact_rate, open_clip, painted_frames, sized_pixels
from impasto.video.settings import VideoSettings

from .clips import ODD_TIMES, make_clip, picture


def read(path: Path, **settings):
    clip = open_clip(path, settings.get("fps"))
    frames = list(chosen_frames(clip, VideoSettings.make(settings)))
    return clip, [frame.time for frame in frames], [frame.pixels() for frame in frames]


def flat_blocks(pixels):
    """Return the middle of the six blocks of `picture`, away from their edges and from the bar of frame 0."""
    height, width = pixels.shape[:2]
    return np.array(
        [pixels[height * r // 4, round(width * c)] for r in (1, 3) for c in (1 / 4, 1 / 2, 5 / 6)]
    )


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix"),
    [
        ("libx264", "yuv420p", "mp4"),
        ("libx264", "yuv444p", "mov"),
        ("libx264", "yuv420p10le", "mkv"),
        ("libx265", "yuv420p10le", "mp4"),
        ("libvpx-vp9", "yuv420p", "webm"),
        ("prores_ks", "yuv422p10le", "mov"),
        ("ffv1", "bgr0", "mkv"),
        ("mjpeg", "yuvj420p", "avi"),
    ],
)
def test_colours_times_and_depth_of_a_codec(tmp_path, codec, pixel_format, suffix):
    options = {"q:v": "1", "qmin": "1", "qmax": "1"} if codec == "mjpeg" else {}
    path = make_clip(
        tmp_path / f"a.{suffix}", codec=codec, pixel_format=pixel_format, frames=4, options=options,
        full_range=codec == "mjpeg", matrix=6 if codec == "mjpeg" else 1, rate=Fraction(25), tick=Fraction(1, 25),
    )  # fmt: skip
    clip, times, pixels = read(path)
    assert (clip.info.height, clip.info.width) == (64, 96)
    assert clip.info.bits == (10 if "10" in pixel_format else 8)
    assert times == [Fraction(i, 25) for i in range(4)]
    for index, frame in enumerate(pixels):
        expected = flat_blocks(picture(index, 64, 96) / np.float32(255))
        assert np.abs(flat_blocks(frame) - expected).max() < 3.5 / 255


@pytest.mark.parametrize(
    ("matrix", "full_range", "size"),
    [
        (1, False, (64, 96)),
        (6, False, (64, 96)),
        (9, False, (64, 96)),
        (1, True, (64, 96)),
        (None, False, (64, 96)),
    ],
)
def test_the_matrix_and_range_of_the_file_are_used(tmp_path, matrix, full_range, size):
    path = make_clip(
        tmp_path / "a.mp4", frames=1, matrix=matrix, full_range=full_range, size=size, pixel_format="yuv444p"
    )
    clip, _, pixels = read(path)
    assert clip.info.colors.guessed == (matrix is None)
    expected = flat_blocks(picture(0, *size) / np.float32(255))
    assert np.abs(flat_blocks(pixels[0]) - expected).max() < 3.5 / 255


def test_a_missing_matrix_is_that_of_the_size_as_players_assume():
    assert complete_tags(2, 0, 2, 2, (480, 640), "yuv420p").matrix == 6
    assert complete_tags(2, 0, 2, 2, (576, 720), "yuv420p").matrix == 5
    assert complete_tags(2, 0, 2, 2, (720, 1280), "yuv420p").matrix == 1
    assert complete_tags(2, 0, 9, 16, (720, 1280), "yuv420p10le").matrix == 9
    tags = complete_tags(1, 1, 9, 18, (720, 1280), "yuv420p10le")
    assert (tags.matrix, tags.primaries, tags.transfer, tags.full_range) == (1, 9, 18, False)
    assert complete_tags(2, 0, 2, 2, (64, 64), "yuvj420p").full_range
    assert complete_tags(0, 0, 2, 2, (64, 64), "gbrp").full_range


def test_ten_bits_hold_more_steps_than_eight(tmp_path):
    ramp = np.linspace(0, 65535, 512).astype(np.uint16)
    image = np.broadcast_to(ramp[None, :, None], (64, 512, 3)).copy()
    path = make_clip(
        tmp_path / "a.mkv",
        codec="ffv1",
        pixel_format="yuv444p10le",
        pictures=[image],
        frames=1,
        size=(64, 512),
    )
    _, _, pixels = read(path)
    assert len(np.unique(pixels[0][32, :, 0])) > 400
    assert np.abs(pixels[0][32, :, 0] - ramp / 65535).max() < 1 / 800


def test_variable_times_are_kept(tmp_path):
    path = make_clip(tmp_path / "a.mp4", times=ODD_TIMES)
    _, times, _ = read(path)
    assert times == [Fraction(time, 15360) for time in ODD_TIMES]


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_rotation_is_applied(tmp_path, degrees):
    path = make_clip(tmp_path / "a.mp4", frames=1, rotation=degrees, pixel_format="yuv444p")
    clip, _, pixels = read(path)
    expected = np.rot90(picture(0, 64, 96), degrees // 90) / np.float32(255)
    assert pixels[0].shape == expected.shape == (clip.info.height, clip.info.width, 3)
    assert np.abs(pixels[0] - expected).mean() < 2 / 255


def test_all_eight_orientations_are_those_of_their_matrices():
    rng = np.random.default_rng(0)
    pixels = rng.random((3, 5, 3), np.float32)
    for a, b, c, d in [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1),
                       (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, -1, 0), (0, -1, -1, 0)]:  # fmt: skip
        turned = upright(pixels, (a, b, c, d))
        height, width = turned.shape[:2]
        for y, x in np.ndindex(3, 5):
            # A mirrored axis counts back from its last position.
            to_x = a * x + c * y + (width - 1 if a + c < 0 else 0)
            to_y = b * x + d * y + (height - 1 if b + d < 0 else 0)
            assert (turned[to_y, to_x] == pixels[y, x]).all()


@pytest.mark.parametrize("size", [(63, 97), (65, 33)])
def test_odd_sizes(tmp_path, size):
    path = make_clip(tmp_path / "a.webm", codec="libvpx-vp9", size=size, frames=2)
    clip, _, pixels = read(path)
    assert pixels[0].shape == (*size, 3) == (clip.info.height, clip.info.width, 3)


def test_a_part_is_a_slice_of_the_whole(tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=40, options={"g": "8", "crf": "10"})
    _, times, pixels = read(path)
    _, part_times, part = read(path, start=0.5, stop=1.0)
    chosen = [i for i, time in enumerate(times) if Fraction(1, 2) <= time < 1]
    assert part_times == [times[i] for i in chosen]
    assert all((part[k] == pixels[i]).all() for k, i in enumerate(chosen))


def test_reading_on_after_a_time_gives_the_rest(tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=30, options={"g": "7", "crf": "10"})
    clip = open_clip(path)
    settings = VideoSettings()
    whole = [(frame.time, frame.pixels()) for frame in chosen_frames(clip, settings)]
    rest = [(frame.time, frame.pixels()) for frame in chosen_frames(clip, settings, after=whole[16][0])]
    assert [time for time, _ in rest] == [time for time, _ in whole[17:]]
    assert all((a == b).all() for (_, a), (_, b) in zip(rest, whole[17:], strict=True))


def test_resampling_shows_at_every_tick_the_frame_of_that_time(tmp_path):
    path = make_clip(tmp_path / "a.mp4", times=ODD_TIMES, codec="libx264")
    clip, source_times, source = read(path)
    _, times, pixels = read(path, fps=24)
    assert times == [Fraction(k, 24) for k in range(len(times))]
    assert times[-1] >= source_times[-1] - Fraction(1, 24)
    for time, frame in zip(times, pixels, strict=True):
        shown = max(i for i, t in enumerate(source_times) if t <= time)
        assert (frame == source[shown]).all()
    assert painted_frames(clip.info, VideoSettings(fps=24)) == pytest.approx(len(times), abs=2)


def test_rates_of_film_are_exact():
    assert exact_rate(23.976) == Fraction(24000, 1001)
    assert exact_rate(59.94) == Fraction(60000, 1001)
    assert exact_rate(30) == 30
    assert exact_rate(12.5) == Fraction(25, 2)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animations_keep_their_durations(tmp_path, suffix):
    images = [Image.fromarray(picture(i, 33, 47)) for i in range(4)]
    durations = [100, 40, 250, 60]
    images[0].save(
        tmp_path / f"a.{suffix}", save_all=True, append_images=images[1:], duration=durations, lossless=True
    )
    clip, times, pixels = read(tmp_path / f"a.{suffix}")
    assert times == [Fraction(t, 1000) for t in (0, 100, 140, 390)]
    assert clip.info.duration == Fraction(450, 1000)
    limit = 24 if suffix == "gif" else 0.51  # a palette of 256 colours
    assert max(np.abs(p * 255 - picture(i, 33, 47)).max() for i, p in enumerate(pixels)) < limit


def test_folders_and_patterns_are_clips(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for i in range(12):
        Image.fromarray(picture(i, 20, 30)).save(folder / f"f{i}.png")
    _, times, pixels = read(folder / "f%d.png", fps=10)
    assert times == [Fraction(i, 10) for i in range(12)]
    assert all(np.abs(p * 255 - picture(i, 20, 30)).max() < 0.01 for i, p in enumerate(pixels))
    _, times, _ = read(folder)
    assert len(times) == 12
    assert times[1] == Fraction(1, 25)


def test_smaller_sizes_keep_the_proportions(tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=1, size=(64, 96))
    clip = open_clip(path)
    frame = next(chosen_frames(clip, VideoSettings(size=48)))
    assert sized_pixels(frame, (32, 48)).shape == (32, 48, 3)


def test_a_cut_off_clip_is_read_as_far_as_it_goes(tmp_path):
    whole = make_clip(tmp_path / "a.mkv", frames=60, options={"g": "10", "crf": "12"})
    data = whole.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) * 6 // 10])
    clip, times, _ = read(cut)
    assert 15 < len(times) < 60
    said = " ".join(clip.problems.sentences(clip.info))
    assert "what can be read is painted" in said
    assert f"{float(times[-1] + Fraction(1, 30)):.2f}" in said


def test_damage_in_the_middle_leaves_the_rest(tmp_path):
    whole = make_clip(tmp_path / "a.mkv", frames=60, options={"g": "10", "crf": "12"})
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 120] = bytes(120)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data)
    clip, times, _ = read(broken)
    assert 30 < len(times) <= 60
    assert clip.problems.broken > 0
    assert "damaged" in " ".join(clip.problems.sentences(clip.info))


def test_a_picture_that_cannot_be_read_is_left_out_and_named(tmp_path):
    for i in range(5):
        Image.fromarray(picture(i, 20, 30)).save(tmp_path / f"f{i}.png")
    (tmp_path / "f2.png").write_bytes(b"not a picture")
    Image.fromarray(picture(3, 21, 30)).save(tmp_path / "f3.png")
    clip, times, _ = read(tmp_path)
    assert times == [Fraction(i, 25) for i in (0, 1, 4)]
    said = clip.problems.sentences(clip.info)
    assert any("f2.png" in text for text in said)
    assert any("f3.png" in text for text in said)


def bad_clips(folder: Path):
    (folder / "text.mp4").write_text("this is no clip")
    (folder / "empty.mp4").touch()
    (folder / "noise.mkv").write_bytes(np.random.default_rng(0).bytes(4000))
    (folder / "head.mp4").write_bytes(make_clip(folder / "whole.mp4", frames=3).read_bytes()[:400])
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://example.com/a.ts\n")
    (folder / "concat.txt").write_text("ffconcat version 1.0\nfile whole.mp4\n")
    (folder / "nothing").mkdir()
    import av

    with av.open(str(folder / "sound.m4a"), "w") as output:
        stream = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


BAD = {
    "text.mp4": "cannot be read as a clip",
    "empty.mp4": "is empty",
    "noise.mkv": "cannot be read as a clip",
    "head.mp4": "cannot be read as a clip",
    "list.m3u8": "clip",
    "concat.txt": "cannot be read as a clip",
    "nothing": "contains no pictures",
    "missing.mp4": "does not exist",
    "missing_%03d.png": "No file is named like",
    "sound.m4a": "no pictures that move",
}


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    bad_clips(folder)
    return folder


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_clip_is_one_sentence(bad_folder, name):
    with pytest.raises(InputError, match=r".*") as raised:
        open_clip(bad_folder / name)
    assert BAD[name] in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_part_outside_the_clip_is_one_sentence(tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=3)
    with pytest.raises(InputError, match="no frame from second 5"):
        read(path, start=5)
