"""Loops that numba compiles for the CPU: mining and its gradient without temporary tensors.

Every function takes contiguous NumPy arrays of one floating type (float32 or float64), runs in
the calling thread and releases the GIL. numba's own threads are not used: its fallback layer ends
a process that enters it from two threads. Machine code is cached on disk by numba.

Numbers in inner loops come from arrays, never from literals: a Python literal would make numba
compute in float64.
"""
