"""Corner-case generators, conformance vectors, targets and campaigns against the model."""
