"""Reads runs: finds, opens and follows them."""
