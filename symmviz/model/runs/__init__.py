"""Runs: what they are called, how they differ, what is found in them."""
