"""The process that trains for the window, from both of its ends."""
