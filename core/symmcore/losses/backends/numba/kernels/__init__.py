"""Loops that numba compiles for the CPU: mining and its gradient without temporary tensors.

Every function takes contiguous NumPy arrays of one floating type (float32 or float64) and
releases the GIL. Some share their work among OpenMP's threads; the numbers never depend on how
many there are. Machine code is cached on disk by numba.

Numbers in inner loops come from arrays, never from literals: a Python literal would make numba
compute in float64.
"""
