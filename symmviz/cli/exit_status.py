"""Exit statuses of the command line; 0 is done."""

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
