"""refsem: the exact judge between neural-network verifiers and binary32 networks."""

__version__ = "0.1.0"
