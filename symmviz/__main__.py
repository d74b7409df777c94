"""``python -m symmviz``.

Python puts the current folder on the import path for this, and looks there first for symmviz
itself and for the few modules that ``-m`` needs before this one runs. In a folder that is not
trusted use the ``symmviz`` command, or ``python -P -m symmviz``.
"""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the current folder, before anything else is imported

    from symmviz.cli import main

    sys.exit(main())
