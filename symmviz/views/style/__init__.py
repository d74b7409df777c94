"""Colours: of themes, runs, classes, and as text that can be read."""
