"""The window around the pages: bars, menus, size."""
