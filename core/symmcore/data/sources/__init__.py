"""Readers of datasets: each lists image files with labels and a split, or makes the images."""
