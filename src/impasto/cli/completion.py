"""Names that the shell completes: presets, encoders, networks. Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

# The registry of encoders imports torch, which takes longer than a key press; a test compares the two.
ENCODERS = (
    "compact",
    "compact-large",
    "vgg16",
    "vgg19",
    "vgg16-caffe",
    "vgg19-caffe",
    "resnet50",
    "resnet50-v2",
    "vgg19-random",
    "tiny",
)
DEVICES = ("auto", "cpu", "cuda", "mps")


def complete_network(incomplete: str) -> list[str]:
    """Return the networks that ship whose names begin with what is typed; files are completed by the shell."""
    from impasto.feedforward.pretrained import pretrained_networks

    return _starting(pretrained_networks(), incomplete)


def completion_of(field: str) -> Callable[[str], list[str]] | None:
    """Return the function that completes an option of a recipe's field, None where there are no names."""
    completions = {"preset": _presets, "encoder": _encoders, "device": _devices}
    return completions.get(field)


def _presets(incomplete: str) -> list[str]:
    from impasto.optimize.presets import PRESETS

    return _starting(PRESETS, incomplete)


def _encoders(incomplete: str) -> list[str]:
    return _starting(ENCODERS, incomplete)


def _devices(incomplete: str) -> list[str]:
    return _starting(DEVICES, incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
