"""What the window shows, as data: knows no Qt."""
