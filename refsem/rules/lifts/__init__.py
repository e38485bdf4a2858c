"""Lifts: how a rule about numbers becomes one about tensors, entry by entry or by induction.

One file a kind of judgement, and the table of them all (`table.py`). Each lift is an induction
stated in words with its rule, and the only code that binds a rule's values to tensors. Trusted.
"""
