"""The curl examples of docs/studio.md, word for word against a real server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from .conftest import picture

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "studio.md"
EXAMPLES = re.findall(r"```sh\n(curl.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


def test_the_examples_run(running, tmp_path) -> None:
    assert len(EXAMPLES) == 3
    for seed, name in enumerate(("photo.jpg", "painting.jpg")):
        (tmp_path / name).write_bytes(picture(seed, 96, 64, kind="JPEG"))
    for example in EXAMPLES:
        command = example.replace("http://127.0.0.1:7878", running.url.rstrip("/"))
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120
        )
        assert done.returncode == 0, (command, done.stderr)
    with Image.open(tmp_path / "painted.png") as image, Image.open(tmp_path / "poplars.jpg") as poplars:
        assert (image.size, poplars.size, poplars.format) == ((512, 341), (512, 341), "JPEG")
        assert json.loads(image.info["impasto"])["recipe"]["strength"] == 0.7
    job = json.loads((tmp_path / "job.json").read_text())
    assert (job["recipe"]["quality"], job["recipe"]["size"]) == ("draft", 256)
    assert running.client.ask("POST", f"/api/jobs/{job['id']}/cancel").status == 200
