"""Training batches in their order: sampled, augmented and loaded ahead."""
