"""`python -m impasto` is the same as `impasto`."""

import sys

from impasto.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
