"""The maps: points, what is drawn over and beside them, their legend and switches."""
