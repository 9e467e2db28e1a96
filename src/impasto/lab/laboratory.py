"""The laboratory: the setting, the pictures and the output folder of a run of studies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from impasto.lab.judge import Judge, choose_judge
from impasto.lab.pictures import StudyPictures
from impasto.lab.setting import Setting


@dataclass(frozen=True)
class Laboratory:
    """Inputs shared by all studies of a run; each study writes into its own subfolder of ``out``."""

    setting: Setting
    pictures: StudyPictures
    out: Path

    @cached_property
    def judge(self) -> Judge:
        """The network that measures the results."""
        return choose_judge(self.setting)
