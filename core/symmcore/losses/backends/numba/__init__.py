"""The losses with Symm by loops that numba compiles, on the CPU; numba is optional."""
