"""Symmetrical synthesis (Eq. 1-2)."""
