"""How well the studio foretells the seconds of orders of various sizes and qualities.

python benchmarks/studio_estimates.py [--first 6] [--orders 10] [--largest 768] [--seed 0]

The first orders calibrate a new studio; of the others the plan's seconds are compared with the time from start to
end. Asked: 9 of 10 within 25 %. Other programs on the machine make the truth, and with it the error, uncertain.
"""

from __future__ import annotations

import argparse
import io
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from impasto.plates import paint
from studio_server import Server

QUALITIES = {"draft": 1.0, "normal": 1.0, "high": 0.5}  # a long order is drawn half as often
ASKED = 0.25


def jpeg(plate: str, side: int) -> bytes:
    """Return a plate as a JPEG file."""
    buffer = io.BytesIO()
    paint(plate, side).save(buffer, "JPEG")
    return buffer.getvalue()


def draw(rng: random.Random, largest: int) -> dict[str, Any]:
    """Return a random recipe; those of high quality are small, so that the benchmark ends."""
    quality = rng.choices(list(QUALITIES), list(QUALITIES.values()))[0]
    sizes = [size for size in (192, 256, 320, 384, 512, 640, 768, 1024) if size <= largest]
    size = rng.choice([size for size in sizes if quality != "high" or size <= 320])
    return {"size": size, "quality": quality, "strength": rng.choice((0.4, 0.5, 0.8))}


def order(server: Server, content: str, style: str, recipe: dict[str, Any]) -> tuple[float, float]:
    """Return the plan's seconds of an order and how long it really ran."""
    body = {"content": content, "styles": [style], "recipe": recipe}
    promised = float(server.ask("POST", "/api/plan", json=body)["seconds"])
    job = server.ask("POST", "/api/jobs", json=body)["id"]
    server.wait(job, "running", "done")
    began = time.monotonic()
    server.wait(job, "done")
    return promised, time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=6)
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--largest", type=int, default=768)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    good = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "studio")
        content, style = server.send(jpeg("paper", 1200)), server.send(jpeg("swirls", 700))
        while not server.ask("GET", "/api/info")["device"]:
            time.sleep(0.2)
        print("order        size  quality  planned  took   error", flush=True)
        for number in range(options.first + options.orders):
            recipe = draw(rng, options.largest)
            promised, seconds = order(server, content, style, recipe)
            counts, error = number >= options.first, promised / seconds - 1
            good += counts and abs(error) <= ASKED
            kind = "order" if counts else "calibration"
            print(
                f"{kind:11}  {recipe['size']:4}  {recipe['quality']:7}  {promised:7.1f}  {seconds:5.1f}  {error:+.0%}",
                flush=True,
            )
        server.stop()
    print(f"{good} of {options.orders} within {ASKED:.0%}")


if __name__ == "__main__":
    main()
