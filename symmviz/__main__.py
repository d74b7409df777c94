"""``python -m symmviz``."""

import sys

from symmviz.cli import main

if __name__ == "__main__":
    sys.exit(main())
