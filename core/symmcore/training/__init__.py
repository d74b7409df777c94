"""Configuration, one step, the loop, and how others follow and steer it."""
