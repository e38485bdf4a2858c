"""Other verifiers as producers of bounds: each imports its library only when it is asked for."""

REFUSED_ALL = 32
"""Boxes all of which must be refused before that is an error rather than no claim."""
