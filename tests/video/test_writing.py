"""Painted clips: codecs, times, tags, colours, odd sizes, sound, and what containers refuse."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import ImpastoError, OutputError, RecipeError
from impasto.guidance import Guides
from impasto.video.formats import choose_format
from impasto.video.frame import VideoFrame
from impasto.video.job import check_space, open_job, plan_clip
from impasto.video.open_clip import open_clip
from impasto.video.run import ClipStarted, ClipWritten, FramePainted, VideoRun
from impasto.video.settings import VideoSettings

from .clips import ODD_TIMES, TrailPainter, av, make_clip, picture, read_clip, sound_packets


def paint(source: Path, output: Path, settings=None, painter=None, styles=(), guides=None, **chosen):
    """Paint a clip (as it is, without a painter) and return the last event."""
    fields = {"strength": 0} if painter is None else {}
    job = open_job(
        source, list(styles), VideoSettings.make({**fields, **(settings or {})}),
        lambda bits: choose_format(output, source_bits=bits, **chosen), output, guides,
        None if painter is None else lambda *_: painter,
    )  # fmt: skip
    *_, last = VideoRun(job).events()
    assert isinstance(last, ClipWritten)
    assert not output.with_name(f"{output.name}.parts").exists()
    return last


CODECS = [
    ("a.mp4", "h264", 8),
    ("a.mkv", "h264", 10),
    ("a.mp4", "h265", 10),
    ("a.mp4", "av1", 8),
    ("a.mkv", "av1", 10),
    ("a.webm", "vp9", 8),
    ("a.mov", "prores", 10),
    ("a.mp4", "vp9", 8),
]


@pytest.mark.parametrize(("name", "codec", "bits"), CODECS)
def test_unpainted_frames_keep_times_tags_and_colours(tmp_path, name, codec, bits):
    source = make_clip(tmp_path / "source.mp4", times=ODD_TIMES, pixel_format="yuv444p")
    output = tmp_path / "out" / name
    output.parent.mkdir()
    paint(source, output, codec=codec, bits=bits)
    times, images = read_clip(output)
    _, source_images = read_clip(source)
    exact = [Fraction(time, 15360) for time in ODD_TIMES]
    # Matroska and WebM count in milliseconds.
    limit = Fraction(1, 2000) if output.suffix in (".mkv", ".webm") else 0
    assert max(abs(a - b) for a, b in zip(times, exact, strict=True)) <= limit
    with av.open(str(output)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range, context.color_primaries) == (1, 1, 1)
        assert ("10" in context.pix_fmt) == (bits == 10)
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)
    for index, image in enumerate(images):
        for row, column in np.ndindex(2, 3):
            middle = 16 + 32 * column
            if abs(middle - index * 4 - 4) > 12:  # away from the white bar
                area = (slice(32 * row + 12, 32 * row + 20), slice(middle - 4, middle + 4))
                expected = source_images[index][area].mean((0, 1))
                assert np.abs(image[area].mean((0, 1)) - expected).max() <= 2


@pytest.mark.parametrize("matrix", [1, 6, 9])
def test_the_matrix_of_the_source_is_the_matrix_of_the_output(tmp_path, matrix):
    source = make_clip(tmp_path / "source.mp4", frames=2, matrix=matrix, pixel_format="yuv444p")
    paint(source, tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.colorspace == matrix
    _, images = read_clip(tmp_path / "a.mp4")
    assert np.abs(images[0][44:52, 76:84].mean((0, 1)) - picture(0, 64, 96)[48, 80]).max() < 2


def test_the_sound_is_copied_packet_for_packet(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=70, sound="aac")
    last = paint(source, tmp_path / "a.mp4")
    assert last.frames == 70
    assert last.notes == ()
    assert sound_packets(tmp_path / "a.mp4") == sound_packets(source)
    with av.open(str(source)) as a, av.open(str(tmp_path / "a.mp4")) as b:
        for first, second in zip(a.streams, b.streams, strict=True):
            durations = [float(stream.duration * stream.time_base) for stream in (first, second)]
            assert durations[0] == pytest.approx(durations[1], abs=1 / 30)


def test_sound_that_the_container_refuses_is_encoded_again_and_said(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=30, sound="aac")
    last = paint(source, tmp_path / "a.webm")
    assert last.notes == ("webm cannot hold sound of the kind aac; it is encoded again as libopus.",)
    with av.open(str(tmp_path / "a.webm")) as container:
        decoded = [frame.to_ndarray() for frame in container.decode(audio=0)]
    with av.open(str(source)) as container:
        original = [frame.to_ndarray() for frame in container.decode(audio=0)]
    heard, played = (np.concatenate(parts, 1)[0] for parts in (decoded, original))
    assert len(heard) == pytest.approx(len(played), rel=0.05)
    assert np.std(heard[4000:20000]) == pytest.approx(np.std(played[4000:20000]), rel=0.1)


def test_a_part_has_the_sound_of_that_part(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=90, sound="aac")
    paint(source, tmp_path / "a.mp4", {"start": 1.0, "stop": 2.0})
    times, images = read_clip(tmp_path / "a.mp4")
    assert len(times) == 30
    assert times[0] == 0
    _, whole = read_clip(source)
    assert np.abs(images[0].astype(int) - whole[30]).mean() < 4
    kept = {data for time, data in sound_packets(source) if 1 <= time < 2}
    copied = sound_packets(tmp_path / "a.mp4")
    assert {data for _, data in copied} == kept
    assert 0 <= copied[0][0] < Fraction(1024, 48000)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.mp4", (64, 98)),
        ("a.webm", (63, 97)),
        ("a.mov", (63, 97)),
        ("a.gif", (63, 97)),
        ("a.webp", (63, 97)),
    ],
)
def test_odd_sizes(tmp_path, name, written):
    source = make_clip(tmp_path / "source.webm", codec="libvpx-vp9", size=(63, 97), frames=3)
    codec = {"codec": "prores"} if name == "a.mov" else {}
    paint(source, tmp_path / name, **codec)
    if name.endswith("webp"):
        with Image.open(tmp_path / name) as image:
            assert (image.height, image.width) == written
        return
    with av.open(str(tmp_path / name)) as container:
        frame = next(container.decode(video=0))
        assert (frame.height, frame.width) == written


def test_chroma_444_keeps_odd_sizes_in_h264(tmp_path):
    source = make_clip(tmp_path / "source.webm", codec="libvpx-vp9", size=(63, 97), frames=2)
    paint(source, tmp_path / "a.mp4", chroma=444)
    assert read_clip(tmp_path / "a.mp4")[1][0].shape == (63, 97, 3)


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_animations_keep_their_times_and_last_frame(tmp_path, suffix):
    images = [Image.fromarray(picture(i, 40, 60)) for i in range(4)]
    durations = [100, 40, 250, 60]
    images[0].save(
        tmp_path / "in.webp", save_all=True, append_images=images[1:], duration=durations, lossless=True
    )
    paint(tmp_path / "in.webp", tmp_path / f"a.{suffix}")
    again = open_clip(tmp_path / f"a.{suffix}")
    frames = [(frame.time, frame.duration, frame.pixels()) for frame in again.frames()]
    assert [time for time, _, _ in frames] == [Fraction(t, 1000) for t in (0, 100, 140, 390)]
    assert frames[-1][1] == Fraction(60, 1000)
    assert max(np.abs(p * 255 - picture(i, 40, 60)).mean() for i, (_, _, p) in enumerate(frames)) < (
        3 if suffix == "gif" else 6
    )


def test_png_files_are_exact(tmp_path):
    source = make_clip(tmp_path / "source.mkv", codec="ffv1", pixel_format="bgr0", frames=5)
    paint(source, tmp_path / "frames")
    files = sorted((tmp_path / "frames").iterdir())
    assert [file.name for file in files] == [f"{i:06d}.png" for i in range(1, 6)]
    for index, file in enumerate(files):
        assert (np.asarray(Image.open(file).convert("RGB")) == picture(index, 64, 96)).all()


def test_a_smaller_size_and_another_rate(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=30)
    last = paint(source, tmp_path / "a.mp4", {"size": 48, "fps": 10})
    times, images = read_clip(tmp_path / "a.mp4")
    assert last.frames == 10
    assert times == [Fraction(i, 10) for i in range(10)]
    assert images[0].shape == (32, 48, 3)


def test_the_painter_sees_frames_masks_and_times(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=6, size=(32, 48))
    mask_clip = make_clip(
        tmp_path / "mask.mkv", codec="ffv1", pixel_format="bgr0", frames=2, rate=Fraction(10), size=(32, 48),
        pictures=[np.zeros((32, 48, 3), np.uint8), np.full((32, 48, 3), 255, np.uint8)],
    )  # fmt: skip
    seen = []

    class Watcher(TrailPainter):
        def paint(self, frames):
            for frame in frames:
                seen.append(frame)
                yield VideoFrame(frame.index, frame.time, frame.pixels)

    guides = Guides(masks=(mask_clip,), protect="left")
    paint(source, tmp_path / "a.mp4", painter=Watcher(), styles=("a.jpg", "b.jpg"), guides=guides)
    assert [frame.index for frame in seen] == list(range(6))
    assert [frame.time for frame in seen] == [Fraction(i, 30) for i in range(6)]
    # The mask clip is black for a tenth of a second, then white; the second style gets the rest.
    assert [frame.masks[0].mean() for frame in seen] == pytest.approx([0, 0, 0, 1, 1, 1])
    assert all(np.abs(frame.masks[0] + frame.masks[1] - 1).max() < 1e-6 for frame in seen)
    assert seen[0].protect is not None
    assert seen[0].protect[0, 0] == 1
    assert seen[0].protect[0, -1] == 0


def test_the_plan_and_the_events(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=12)
    job = open_job(
        source, [], VideoSettings(strength=0.0), lambda _: choose_format(Path("a.mp4")), tmp_path / "a.mp4"
    )
    plan = plan_clip(job)
    assert (plan.frames, plan.height, plan.width, plan.fps) == (12, 64, 96, 30)
    assert plan.seconds == pytest.approx(0.4)
    events = list(VideoRun(job).events())
    assert isinstance(events[0], ClipStarted)
    assert [event.done for event in events[1:-1] if isinstance(event, FramePainted)] == list(range(1, 13))
    written = (tmp_path / "a.mp4").stat().st_size
    assert written < plan.disk


def test_too_little_disk_is_said_before(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=3)
    job = open_job(
        source, [], VideoSettings(strength=0.0), lambda _: choose_format(Path("a.mp4")), tmp_path / "a.mp4"
    )
    plan = plan_clip(job)
    full = type(plan)(**{**vars(plan), "free": plan.disk - 1})
    with pytest.raises(OutputError, match="GB of disk"):
        check_space(full)


BAD_FORMATS = [
    ("a.avi", {}, "Unknown clip suffix '.avi'"),
    ("a.mp4", {"codec": "h263"}, "Unknown codec"),
    ("a.webm", {"codec": "h264"}, "cannot hold h264"),
    ("a.gif", {"codec": "h264"}, "cannot hold h264"),
    ("a.mp4", {"bits": 12}, "8 or 10 bits"),
    ("a.webm", {"bits": 10}, "8 bits"),
    ("a.mp4", {"crf": 60}, "from 0 (best) to 51"),
    ("a.mov", {"codec": "prores", "crf": 10}, "has no --crf"),
    ("a.mp4", {"codec": "av1", "chroma": 444}, "chroma 420"),
    ("a.mp4", {"chroma": 411}, "chroma 420 or 444"),
]


@pytest.mark.parametrize(("name", "chosen", "part"), BAD_FORMATS)
def test_formats_that_do_not_fit_are_one_sentence(name, chosen, part):
    with pytest.raises(RecipeError, match=r".*") as raised:
        choose_format(Path(name), **chosen)
    assert part in str(raised.value)


def test_an_output_that_cannot_be_written_is_said_before_painting(tmp_path):
    source = make_clip(tmp_path / "source.mp4", frames=2)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for output in (source, tmp_path / "missing" / "a.mp4", tmp_path / "full"):
        with pytest.raises(ImpastoError):
            paint(source, output)
    assert len(read_clip(source)[0]) == 2
