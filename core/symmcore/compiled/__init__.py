"""Functions that numba compiles, and where machine code is kept: importing them imports numba."""
