"""Reads frames of recordings, and computes what is shown of them beside where points lie."""
