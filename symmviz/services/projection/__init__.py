"""Has frames projected, and points drawn, off the GUI thread."""
