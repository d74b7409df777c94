"""The losses with Symm by torch's own operations: on any device, at any rank."""
