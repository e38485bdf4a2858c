"""The binary32 reference model: values, and operations that round an exact result once."""

from refsem.binary32.value import Binary32, Class, Result
from refsem.rounding import Environment, Flags

__all__ = ["Binary32", "Class", "Environment", "Flags", "Result"]
