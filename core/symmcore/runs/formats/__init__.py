"""Files of a run directory: their names and formats, and how they are read and written safely."""
