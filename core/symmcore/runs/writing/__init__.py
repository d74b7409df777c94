"""Writes runs: recorders, and what they do on threads of their own."""
