"""Writes, one module per plural noun."""
