"""From embeddings to the plane: methods behind one protocol, run in a process of their own."""
