"""Settings as plain data, each described in one place; imports no torch."""
