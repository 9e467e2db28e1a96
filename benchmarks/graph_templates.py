"""Write the templates of the graphs that the networks that ship need; templates.py says what they are.

    python benchmarks/graph_templates.py [--renew]

Run it when what a network computes changes, after `graph_files.LAYOUT` was raised, and with --renew for another version
of torch. It writes the files that are missing, with --renew all, prints a line for each, and removes those that no
network needs.
"""

from __future__ import annotations

import argparse
import gzip
import time

from impasto.feedforward.export.shipped_sources import shipped_sources
from impasto.feedforward.export.templates import FOLDER, make_template, template_file
from impasto.imaging import write_bytes_atomic


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--renew", action="store_true", help="write files that exist again")
    renew = parser.parse_args().renew
    FOLDER.mkdir(exist_ok=True)
    needed = set()
    for name, source in shipped_sources():
        path = template_file(source)
        if path not in needed and (renew or not path.exists()):
            start = time.perf_counter()
            write_bytes_atomic(path, gzip.compress(make_template(source), mtime=0))
            print(
                f"{path.name}: {name}, {path.stat().st_size:,} bytes, {time.perf_counter() - start:.0f} s",
                flush=True,
            )
        needed.add(path)
    for path in sorted(set(FOLDER.iterdir()) - needed):
        path.unlink()
        print(f"{path.name}: removed")


if __name__ == "__main__":
    main()
