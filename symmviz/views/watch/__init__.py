"""The Watch page, and what it holds beside maps and plots."""
