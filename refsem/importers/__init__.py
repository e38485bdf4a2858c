"""Importers: the bounds that another verifier computes in a run, recorded as `refsem.bounds.v1`.

They run next to the verifier, in its environment, and import its library only when it is asked
for. What they write is a claim like any other: nothing here is trusted. An importer that attributed
a bound to the wrong tensor would make a right tool look wrong, so a tensor that cannot be told is
left out.
"""
