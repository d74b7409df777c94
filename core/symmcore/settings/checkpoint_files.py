"""Names of the files that hold a run's network, which are read with and without the run."""

CHECKPOINTS = "checkpoints"
"""In a run's folder: a folder for each checkpoint, named after its step."""
COMPLETE = "complete.json"
"""A checkpoint's last file: without it the others are not all there."""
NETWORK_WEIGHTS = "network.safetensors"
NETWORK_SETTINGS = "network.json"
"""What is needed besides the weights to build the network and embed an image."""
