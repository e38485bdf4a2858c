"""Algebraic proofs of obligations: what they are, how they are checked, found and stored."""
