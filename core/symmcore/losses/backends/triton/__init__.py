"""The losses with Symm by Triton's kernels, on a CUDA device."""
