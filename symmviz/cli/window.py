"""``symmviz`` without a command: the window."""

import gc
import os
import signal
from argparse import Namespace

from symmviz.cli.exit_status import INTERRUPTED


def open_window(options: Namespace) -> int:
    """Open the window, on the runs or the folder of images that were named."""
    from symmviz.cli.opened import images_folder
    from symmviz.qt_check import check_window_possible

    paths = tuple(options.paths)
    images = images_folder(paths)
    selection = None
    if options.select is not None:
        from symmviz.cli.selected import selection_from

        selection = selection_from(options.select, () if images else paths)
    check_window_possible()
    # Importing Qt turns an exception into another one or none. Nothing is to be lost before
    # the window is there, and from then on it has a handler of its own.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    # A tenth of the time to the first paint would be spent looking for garbage among what is
    # imported, of which there is none. It is looked for again once all pages are made.
    gc.disable()
    from symmviz.app import run_window  # imports Qt

    run_window(() if images else paths, images, selection)
