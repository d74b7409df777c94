"""The Retrieve page."""
