"""Settings of a clip: schedules, cross-fades, and settings that cannot be used."""

import pytest

from impasto.errors import RecipeError
from impasto.video import VideoSettings, style_weights_at, value_at
from impasto.video.schedules import parse_schedule


def test_a_schedule_is_linear_between_its_times_and_constant_outside():
    schedule = parse_schedule("2:.4,10:.8,11:0", "strength")
    seconds = (0, 2, 4, 6, 10, 10.5, 11, 99)
    assert [value_at(schedule, s) for s in seconds] == pytest.approx([0.4, 0.4, 0.5, 0.6, 0.8, 0.4, 0, 0])


@pytest.mark.parametrize("seconds", [0, 1, 3.7, 8, 9.5, 20])
def test_weights_of_styles_sum_to_one_and_are_one_at_their_times(seconds):
    times = (1.0, 4.0, 9.5)
    weights = style_weights_at(times, seconds)
    assert sum(weights) == pytest.approx(1)
    assert sum(weight > 0 for weight in weights) <= 2
    assert [style_weights_at(times, time) for time in times] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_settings_survive_json():
    settings = VideoSettings.make(
        {
            "strength": "0:.4,10:.8",
            "style_times": (0, 3.5),
            "colors": "content",
            "recipe": {"encoder": "tiny"},
        }
    )
    assert settings.strength == ((0.0, 0.4), (10.0, 0.8))
    assert settings.colors == 1
    assert VideoSettings.make(settings.to_json()) == settings


BAD = [
    ({"strength": "0:.4,10"}, "strength"),
    ({"strength": "a"}, "give one number"),
    ({"strength": "5:.4,5:.8"}, "seconds from 0 that grow"),
    ({"strength": "0:3"}, "from 0 to 2"),
    ({"strength": ()}, "from 0 to 2"),
    ({"strength": "nan"}, "give one number"),
    ({"style_times": (4, 2)}, "seconds from 0 that grow"),
    ({"style_times": (-1,)}, "greater than or equal to 0"),
    ({"style_times": (0, 1), "mix": (1, 1)}, "give one of them"),
    ({"start": 4, "stop": 4}, "is empty"),
    ({"method": "slow"}, "'fast', 'optimize' or 'keyframes'"),
    ({"keyframes": 2}, "belong to the method keyframes"),
    ({"fps": 0}, "greater than 0"),
    ({"size": 8}, "greater than or equal to 16"),
    ({"roughness": 1.5}, "less than or equal to 1"),
    ({"colors": "blue"}, "colors"),
    ({"flicker": 1}, "Unknown setting 'flicker'"),
]


@pytest.mark.parametrize(("fields", "part"), BAD, ids=[str(fields) for fields, _ in BAD])
def test_impossible_settings_are_one_sentence(fields, part):
    with pytest.raises(RecipeError, match=r".*") as raised:
        VideoSettings.make(fields)
    assert part in str(raised.value)
    assert "\n" not in str(raised.value)
