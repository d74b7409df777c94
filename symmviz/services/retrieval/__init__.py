"""Search for neighbours, scores of queries, and images from elsewhere."""
