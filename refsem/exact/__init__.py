"""Exact arithmetic on tensors; nothing here rounds unless it says in which direction."""

from refsem.exact.tensor import ExactTensor, NotFiniteError, Toward

__all__ = ["ExactTensor", "NotFiniteError", "Toward"]
