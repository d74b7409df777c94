"""Qt widgets: show what presenters tell them, say what the user did; never import torch."""
