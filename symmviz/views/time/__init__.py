"""The time slider."""
