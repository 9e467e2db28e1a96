"""Pictures in one pass, by the networks that ship."""

from __future__ import annotations

import io

import numpy
import pytest
from PIL import Image

from impasto.errors import TooLargeError
from impasto.feedforward.pretrained import pretrained_networks
from impasto.studio import preview_process
from impasto.studio.instant_styles import trained_styles

from .conftest import picture

PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def ids(api) -> list[str]:
    """A photograph, two paintings, and a mask of the left half."""
    half = io.BytesIO()
    Image.fromarray(numpy.tile(numpy.repeat([255, 0], 32), (48, 1)).astype("uint8")).save(half, "PNG")
    sent = [picture(0, 64, 48), picture(1), picture(2), half.getvalue()]
    return [api.post("/api/pictures", content=data, headers=PNG).json()["id"] for data in sent]


def pixels(answer) -> numpy.ndarray:
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        return numpy.asarray(image.convert("RGB"), dtype=float)


def test_any_style_is_painted_and_strength_and_mix_matter(api, ids) -> None:
    photo, first, second, _ = ids
    assert api.get("/api/info").json()["fast"]

    def ask(**changes):
        body = {"content": photo, "styles": [first, second], "size": 64, **changes}
        return pixels(api.post("/api/fast", json=body))

    original = pixels(api.get(f"/api/pictures/{photo}"))
    shapes = {ask(mix=mix).shape for mix in (None, [1, 0], [0.3, 0.7])}
    assert shapes == {(48, 64, 3)}
    far, near = (numpy.abs(ask(strength=strength) - original).mean() for strength in (1, 0))
    assert far > 1.2 * near
    assert numpy.abs(ask(mix=[1, 0]) - ask(mix=[0, 1])).mean() > 5


def test_masks_come_before_the_mix(api, ids) -> None:
    photo, first, second, half = ids
    body = {"content": photo, "styles": [first, second], "size": 64, "masks": [half]}
    plain = pixels(api.post("/api/fast", json=body))
    assert numpy.array_equal(plain, pixels(api.post("/api/fast", json={**body, "mix": [0.5, 0.5]})))


def test_what_is_protected_stays(api, ids) -> None:
    photo, first, _, half = ids
    body = {"content": photo, "styles": [first], "size": 64, "strength": 1, "protect": half, "format": "png"}
    painted, original = pixels(api.post("/api/fast", json=body)), pixels(api.get(f"/api/pictures/{photo}"))
    change = numpy.abs(painted - original).mean((0, 2))
    assert change[:28].max() < 12  # what WebP changes of the original shown
    assert change[36:].mean() > 12


def test_the_trained_styles_are_the_networks_that_ship() -> None:
    assert {style["name"] for style in trained_styles()} == set(pretrained_networks()) - {"any", "any-live"}


def test_a_trained_style_is_painted_kept_and_replayed(api, ids) -> None:
    body = {
        "content": ids[0],
        "trained": "two-poplars",
        "size": 96,
        "strength": 0.8,
        "stroke": 1.5,
        "colors": 0.25,
    }
    answer = api.post("/api/fast", json={**body, "format": "png"})
    assert answer.headers["content-type"] == "image/png"
    assert pixels(answer).shape == (72, 96, 3)  # as large as asked for, also where the photograph is smaller
    replay = api.post("/api/replay", content=answer.content, headers=PNG).json()
    assert (replay["trained"], replay["content"], replay["styles"]) == ("two-poplars", ids[0], [])
    found = replay["recipe"]
    assert (found["strength"], found["stroke"], found["colors"], found["size"]) == (0.8, 1.5, 0.25, 96)


def test_a_quick_picture_of_any_style_is_replayed(api, ids) -> None:
    body = {"content": ids[0], "styles": ids[1:3], "mix": [0.25, 0.75], "size": 64, "strength": 0.8}
    answer = api.post("/api/fast", json={**body, "format": "jpeg"})
    assert answer.headers["content-type"] == "image/jpeg"
    replay = api.post("/api/replay", content=answer.content, headers={"content-type": "image/jpeg"}).json()
    assert (replay["trained"], replay["content"], replay["styles"]) == (None, ids[0], ids[1:3])
    assert (replay["recipe"]["strength"], replay["recipe"]["mix"]) == (0.8, [0.25, 0.75])


def test_a_picture_that_does_not_fit_into_memory_is_refused_before_it_is_painted(monkeypatch) -> None:
    monkeypatch.setattr(preview_process, "available_memory", lambda device: 2_000_000_000)
    preview_process.check_memory(8_000_000, 100)
    with pytest.raises(TooLargeError, match=r"90 megapixels need about 10\.0 GB .* at most 30% of this size"):
        preview_process.check_memory(90_000_000, 100)
    monkeypatch.setattr(preview_process, "available_memory", lambda device: 4_000_000_000)
    preview_process.check_memory(100_000_000, preview_process.BYTES_PER_PRINTED_PIXEL)
    monkeypatch.setattr(preview_process, "available_memory", lambda device: 100_000_000)
    preview_process.check_memory(4_000_000, 100)
    order = {"content": "none", "styles": [], "network": "any", "size": 9487, "masks": [], "protect": None}
    with pytest.raises(TooLargeError):
        preview_process.Previews().paint(**order, mix=None, format="png", pixels=90_000_000)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"trained": "nothing"}, 404),
        ({"trained": "../any"}, 404),
        ({"trained": "any"}, 404),
        ({}, 422),
        ({"trained": "two-poplars", "styles": ["0" * 32]}, 422),
        ({"trained": "two-poplars", "mix": [1]}, 422),
        ({"trained": "two-poplars", "masks": ["left"]}, 422),
        ({"trained": "two-poplars", "size": 1_000_000}, 422),
        ({"trained": "two-poplars", "strength": 2.1}, 422),
        ({"trained": "two-poplars", "stroke": 3}, 422),
        ({"trained": "two-poplars", "format": "gif"}, 422),
    ],
)
def test_what_is_refused(api, ids, change, status) -> None:
    answer = api.post("/api/fast", json={"content": ids[0], **change})
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
