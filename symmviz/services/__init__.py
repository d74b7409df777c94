"""Threads, processes and files behind the window; knows no widgets."""
