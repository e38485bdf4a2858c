"""Other verifiers as producers of bounds: each imports its library only when it is asked for."""
