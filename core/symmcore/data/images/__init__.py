"""Image files decoded once, cached, and read by position."""
