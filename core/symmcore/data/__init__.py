"""Image datasets, their splits, and the batches drawn from them."""
