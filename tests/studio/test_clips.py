"""Clips through the API: upload, frames, previews, plans, jobs, playback, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import RecipeError
from impasto.optimize.presets import make_recipe
from impasto.studio.clip_settings import ClipSettings, video_settings
from impasto.studio.errors import RequestError
from impasto.studio.jobs import StudioJob

from ..video.clips import make_clip, read_clip, sound_packets
from .conftest import picture, wait

FRAMES, SIZE = 8, (48, 64)
FAST = {"size": 64}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """Clips of every kind, eight frames of 64x48 pixels each, by name."""
    folder = tmp_path_factory.mktemp("clips")
    kinds = {
        "a.mp4": {"sound": "aac"},
        "a.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
        "a.mkv": {},
        "a.webm": {"codec": "libvpx-vp9"},
    }
    for name, options in kinds.items():
        make_clip(folder / name, frames=FRAMES, size=SIZE, **options)
    _, images = read_clip(folder / "a.mp4")
    pictures = [Image.fromarray(image) for image in images]
    for name in ("a.gif", "a.webp"):
        pictures[0].save(folder / name, save_all=True, append_images=pictures[1:], duration=40)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def send(api, data: bytes, name: str = "a.mp4"):
    return api.post("/api/clips", content=data, headers={"content-type": "video/mp4", "x-name": name})


@pytest.fixture(scope="module")
def clip(api, files) -> dict:
    answer = send(api, files["a.mp4"], "harbour.mp4")
    assert answer.status_code == 200, answer.text
    return answer.json()


def order(source: dict, art: str, **changes: Any) -> dict[str, Any]:
    return {"content": source["id"], "styles": [art], "recipe": FAST, **changes}


@pytest.fixture(scope="module")
def painted(api, clip, art) -> dict:
    """A finished job of the clip."""
    answer = api.post("/api/clips/jobs", json=order(clip, art))
    assert answer.status_code == 201, answer.text
    job = wait(api, answer.json()["id"], "done", "failed")
    assert job["error"] is None
    return job


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "a.gif", "a.webp"])
def test_a_clip_of_every_kind_is_described(api, files, name) -> None:
    clip = send(api, files[name], name).json()
    assert (clip["width"], clip["height"], clip["frames"], clip["notes"]) == (64, 48, FRAMES, []), clip
    assert clip["sound"] == (name == "a.mp4")
    assert clip["seconds"] == pytest.approx(FRAMES / clip["fps"], rel=0.01)
    assert api.get(f"/api/clips/{clip['id']}").json() == clip
    posters = [api.get(f"/{url}") for url in clip["posters"]]
    assert [poster.status_code for poster in posters] == [200] * 5
    first, last = (
        np.asarray(Image.open(io.BytesIO(poster.content)).convert("RGB")) for poster in posters[::4]
    )
    assert first.shape == (48, 64, 3)
    assert np.abs(first.astype(int) - last).max() > 60  # the bar has moved
    still = api.get(f"/api/pictures/{clip['id']}?size=32")
    assert Image.open(io.BytesIO(still.content)).size == (32, 24)


def test_a_frame_is_painted_in_one_pass(api, clip, art) -> None:
    body = {"content": clip["id"], "styles": [art], "size": 64}
    frames = [api.post("/api/fast", json={**body, "at": at}) for at in (0, 0.1, clip["seconds"])]
    assert [answer.status_code for answer in frames] == [200] * 3
    first, _, last = (np.asarray(Image.open(io.BytesIO(frame.content)).convert("RGB")) for frame in frames)
    assert first.shape == (48, 64, 3)
    assert np.abs(first.astype(int) - last).max() > 40
    assert api.post("/api/fast", json=body).content == frames[0].content


def test_the_plan_says_frames_time_and_disk(api, clip, art) -> None:
    plan = api.post("/api/clips/plan", json=order(clip, art)).json()
    assert (plan["width"], plan["height"], plan["frames"], plan["fits"]) == (64, 48, FRAMES, True)
    assert plan["duration"] == pytest.approx(FRAMES / 30)
    assert plan["seconds"] > 0 < plan["disk_bytes"] < plan["free_bytes"]
    part = api.post("/api/clips/plan", json=order(clip, art, clip={"start": 0.09, "stop": 0.19})).json()
    assert part["frames"] == 3
    slow = api.post("/api/clips/plan", json=order(clip, art, clip={"method": "optimize"})).json()
    assert slow["seconds"] > plan["seconds"]


def test_a_clip_is_painted_with_its_sound(api, painted, clip, files, tmp_path) -> None:
    assert (painted["state"], painted["step"], painted["steps"]) == ("done", FRAMES, FRAMES)
    assert (painted["scale"], painted["clip"]["method"], painted["content"]) == ([64, 48], "fast", clip["id"])
    answer = api.get(f"/api/jobs/{painted['id']}/clip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert "harbour" in answer.headers["content-disposition"]
    paths = [tmp_path / "painted.mp4", tmp_path / "source.mp4"]
    for path, data in zip(paths, (answer.content, files["a.mp4"]), strict=True):
        path.write_bytes(data)
    (times, frames), (source_times, source) = map(read_clip, paths)
    assert times == source_times
    assert sound_packets(paths[0]) == sound_packets(paths[1])
    assert np.abs(np.stack(frames).astype(int) - np.stack(source)).mean() > 5
    poster = Image.open(io.BytesIO(api.get(f"/api/jobs/{painted['id']}/picture").content)).convert("RGB")
    assert min(np.abs(np.asarray(poster).astype(int) - frame).mean() for frame in frames) < 3


def test_ranges_of_the_clips_are_answered(api, painted, files) -> None:
    original = api.get(f"/api/jobs/{painted['id']}/original")
    assert original.content == files["a.mp4"]
    part = api.get(f"/api/jobs/{painted['id']}/original", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, files["a.mp4"][100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(files['a.mp4'])}"
    assert api.head(f"/api/jobs/{painted['id']}/clip").headers["accept-ranges"] == "bytes"


def test_an_unplayable_clip_and_a_part_get_an_original_that_plays(api, files, art, tmp_path) -> None:
    """ProRes plays in no browser; a part must begin where the painted one does."""
    clip = send(api, files["a.mov"], "a.mov").json()
    body = order(clip, art, clip={"start": 0.09, "stop": 0.19, "format": "webm"})
    job = wait(api, api.post("/api/clips/jobs", json=body).json()["id"], "done", "failed")
    assert (job["error"], job["steps"]) == (None, 3)
    for name, suffix in (("clip", "webm"), ("original", "mp4")):
        answer = api.get(f"/api/jobs/{job['id']}/{name}")
        assert answer.headers["content-type"] == f"video/{suffix}"
        (tmp_path / f"{name}.{suffix}").write_bytes(answer.content)
    times, images = read_clip(tmp_path / "original.mp4")
    assert len(times) == len(read_clip(tmp_path / "clip.webm")[0]) == 3
    (tmp_path / "a.mov").write_bytes(files["a.mov"])
    source = read_clip(tmp_path / "a.mov")[1][3:6]
    assert np.abs(np.stack(images).astype(int) - np.stack(source)).mean() < 6


def test_a_clip_is_in_the_gallery_like_a_picture(api, painted) -> None:
    found = api.get("/api/jobs", params={"search": "harbour clip fast"}).json()["jobs"]
    assert [job["id"] for job in found][-1:] == [painted["id"]]
    url = f"/api/jobs/{painted['id']}"
    assert api.patch(url, json={"name": "Quay", "favourite": True}).json()["favourite"]
    assert "Quay.mp4" in api.get(f"{url}/clip").headers["content-disposition"]
    bundle = api.post("/api/bundles", json={"ids": [painted["id"]], "format": "jpeg"}).json()
    assert b"Quay.mp4" in api.get(f"/{bundle['url']}").content
    assert api.post("/api/trash", json={"ids": [painted["id"]]}).json()["ids"] == [painted["id"]]
    assert api.get(f"{url}/clip").status_code == 404
    assert api.post("/api/trash/restore", json={"ids": [painted["id"]]}).json()["ids"] == [painted["id"]]
    assert api.get(f"{url}/clip").status_code == 200


def test_a_picture_and_a_clip_of_the_same_bytes_are_both(api, files, art) -> None:
    still = api.post("/api/pictures", content=files["a.gif"], headers={"content-type": "image/gif"}).json()
    assert send(api, files["a.gif"], "a.gif").json()["id"] == still["id"]
    assert (
        api.post("/api/pictures", content=files["a.gif"], headers={"content-type": "image/gif"}).json()
        == still
    )
    assert api.get(f"/api/clips/{still['id']}").json()["frames"] == FRAMES
    assert (
        api.post(
            "/api/plan", json={"content": still["id"], "styles": [art], "recipe": {"size": 64}}
        ).status_code
        == 200
    )


def settings(trained: str | None = None, recipe: dict[str, Any] | None = None, **clip: Any) -> Any:
    full = make_recipe(**{"size": 64, **(recipe or {})}).to_json()
    return video_settings(full, ClipSettings.model_validate(clip).model_dump(), trained)


def test_settings_of_a_clip_follow_from_recipe_and_clip() -> None:
    chosen = settings(roughness=0.3, recipe={"strength": 0.7, "colors": 1.0, "stroke": 2.0})
    assert (chosen.strength, chosen.colors, chosen.stroke, chosen.size) == (((0.0, 0.7),), 1.0, 2.0, 64)
    assert (chosen.method, chosen.network, chosen.roughness, chosen.recipe) == ("fast", "any-live", 0.3, {})
    assert settings(trained="two-poplars").network == "two-poplars"
    slow = settings(method="optimize", recipe={"quality": "high", "style_weight": 2.0, "steps": 9})
    assert (slow.steps, slow.recipe) == (9, {"quality": "high", "style_weight": 2.0})
    for method, recipe, trained in (("fast", {"style_weight": 2.0}, None), ("optimize", {}, "two-poplars")):
        with pytest.raises(RecipeError):
            settings(trained, recipe, method=method)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def one_picture(files: dict[str, bytes]) -> bytes:
    return picture(3, kind="GIF", mode="P")


BAD_FILES = {
    "empty": (lambda files: b"", "empty"),
    "text": (lambda files: b"not a clip at all" * 99, "cannot be read as a clip"),
    "a photograph": (lambda files: picture(), "is a single picture"),
    "a GIF of one picture": (one_picture, "is a single picture"),
    "MP4 cut off before its index": (lambda files: cut(files["a.mp4"], 0.5), "cannot be read as a clip"),
    "WebM cut off in its head": (lambda files: cut(files["a.webm"], 0.05), "cannot be read as a clip"),
    "GIF cut off in its first picture": (lambda files: cut(files["a.gif"], 0.03), "read"),
    "too many bytes": (lambda files: bytes(5_000_001), "too large"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_in_one_sentence(api, files, case) -> None:
    make, reason = BAD_FILES[case]
    answer = send(api, make(files), "odd.mp4")
    assert 400 <= answer.status_code < 500, answer.text
    error = answer.json()["error"]
    assert reason in error
    assert error.endswith("."), error
    assert error.count(". ") == 0, error
    assert "/" not in error.replace("/api/", ""), error  # no path of the server


def test_a_clip_that_is_cut_off_is_taken_and_said(api, files, tmp_path) -> None:
    path = make_clip(tmp_path / "long.mkv", frames=90, size=SIZE)
    clip = send(api, cut(path.read_bytes(), 0.6), "long.mkv").json()
    assert 10 < clip["frames"] < 90
    assert any("long.mkv" in note for note in clip["notes"]), clip


BAD_ORDERS = {
    "no clip": ({"content": "0" * 32}, 404, "no clip"),
    "a photograph": ({"content": "photo"}, 404, "no clip"),
    "a clip as style": ({"styles": "clip"}, 422, "is a clip"),
    "no style": ({"styles": []}, 422, "styles"),
    "two kinds of style": ({"trained": "two-poplars"}, 422, "either styles"),
    "unknown instant style": ({"styles": [], "trained": "nobody"}, 404, "no trained style"),
    "unknown method": ({"clip": {"method": "magic"}}, 422, "method"),
    "keyframes of fast": ({"clip": {"keyframes": 9}}, 422, "keyframes"),
    "an empty part": ({"clip": {"start": 2, "stop": 1}}, 422, "empty"),
    "a part after the end": ({"clip": {"start": 60}}, 422, "after it"),
    "roughness of 2": ({"clip": {"roughness": 2}}, 422, "roughness"),
    "an unknown field": ({"clip": {"calm": 1}}, 422, "calm"),
    "a field of the optimiser": ({"recipe": {"style_weight": 3.0}}, 422, "style_weight"),
    "regions": ({"guides": {"regions": "photo"}}, 422, "regions"),
    "a size in words": ({"recipe": {"size": "A3"}}, 422, "size"),
}


@pytest.mark.parametrize("case", BAD_ORDERS)
def test_a_bad_order_is_refused_in_one_sentence(api, clip, photo, art, case) -> None:
    changes, status, reason = BAD_ORDERS[case]
    body = order(clip, art, **changes)
    body["styles"] = [clip["id"]] if body["styles"] == "clip" else body["styles"]
    body["content"] = photo if body["content"] == "photo" else body["content"]
    if "guides" in body:
        body["guides"] = {"regions": photo}
    for path in ("jobs", "plan"):
        answer = api.post(f"/api/clips/{path}", json=body)
        assert (answer.status_code, reason in answer.json()["error"]) == (status, True), answer.text


def test_a_clip_is_no_photograph(api, clip, art) -> None:
    body = {"content": clip["id"], "styles": [art]}
    for path, extra in (("jobs", {}), ("results/fast", {}), ("fast", {"format": "png"})):
        answer = api.post(f"/api/{path}", json={**body, **extra})
        assert (answer.status_code, "is a clip" in answer.json()["error"]) == (422, True), answer.text
    assert api.post("/api/fast", json={"content": art, "styles": [art], "at": 1}).status_code == 422


def test_without_the_extra_the_install_command_is_named(api, files, clip, art, monkeypatch) -> None:
    monkeypatch.setattr("impasto.studio.clip_settings.find_spec", lambda name: None)
    said = "Painting clips needs an optional part: pip install 'impasto[video]'."
    for answer in (send(api, files["a.mp4"]), api.post("/api/clips/jobs", json=order(clip, art))):
        assert (answer.status_code, answer.json()["error"]) == (503, said)
    assert api.get("/api/info").json()["clips"] == said


def test_the_page_is_told_the_limits(api) -> None:
    info = api.get("/api/info").json()
    assert info["clips"] is None
    assert (info["limits"]["clip_bytes"], info["limits"]["clip_seconds"]) == (5_000_000, 60)


def test_a_clip_that_is_too_long_or_large_is_refused(api, files, monkeypatch, tmp_path) -> None:
    long = make_clip(tmp_path / "long.mp4", frames=62, size=(32, 32), rate=1).read_bytes()
    answer = send(api, long, "long.mp4")
    assert (answer.status_code, "62 seconds; the limit of this studio is 60" in answer.text) == (413, True)


def test_a_clip_that_does_not_fit_on_the_disk_is_refused(api, clip, art, monkeypatch) -> None:
    helper = api.app.state.studio.image_service
    real = helper.call

    async def call(kind: str, *arguments: Any, **request: Any) -> Any:
        answer = await real(kind, *arguments, **request)
        return {**answer, "disk": 70_000_000_000} if kind == "plan_clip" else answer

    monkeypatch.setattr(helper, "call", call)
    assert api.post("/api/clips/plan", json=order(clip, art)).json()["fits"] is False
    refused = api.post("/api/clips/jobs", json=order(clip, art))
    assert (refused.status_code, "needs about 70.0 GB of disk" in refused.json()["error"]) == (507, True)


def test_the_look_of_a_queued_clip_does_not_change(idle_studio) -> None:
    samples = list(idle_studio.pictures.samples)
    settings = ClipSettings.model_validate({}).model_dump()
    recipe = make_recipe(size=64).to_json()
    job = StudioJob("a" * 32, recipe, {}, samples[0], samples[4:5], 1.0, 1.0, clip=settings)
    idle_studio.queue(job)
    with pytest.raises(RequestError, match="cannot change"):
        idle_studio.change(job, 0.9, None)
