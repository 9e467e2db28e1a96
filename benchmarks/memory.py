"""Peak resident memory of a whole run, compared with the plan's estimate.

python benchmarks/memory.py [--sizes 512,1024,2048] [--preset impasto]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from common import pair

CODE = """
import json, resource, sys
import impasto
from impasto.optimize import make_recipe, plan_only
size, preset = int(sys.argv[1]), sys.argv[2]
recipe = dict(preset=preset, size=size, steps=8)
plan = plan_only(make_recipe(**recipe), sys.argv[3], [sys.argv[4]])
impasto.stylize(sys.argv[3], sys.argv[4], **recipe).save("/tmp/impasto-memory.png")
print(json.dumps([plan.memory, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="512,1024,2048")
    parser.add_argument("--preset", default="impasto")
    options = parser.parse_args()
    print(f"{'size':>6} {'estimate GB':>12} {'peak GB':>8}")
    for size in options.sizes.split(","):
        command = [sys.executable, "-c", CODE, size, options.preset, *map(str, pair(2))]
        answer = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
        estimate, peak = json.loads(answer.splitlines()[-1])
        print(f"{size:>6} {estimate / 1e9:12.2f} {peak / 1e9:8.2f}")


if __name__ == "__main__":
    main()
