"""What a run leaves behind: records, and the directory that keeps them."""
