"""The shared plots: their lines, axes, readings and legend."""
