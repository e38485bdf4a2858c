"""Lean 4: the rules' obligations as theorems, the project that holds them, a Lean that reads it."""
