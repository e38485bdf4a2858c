"""The hunt for false bounds: a black-box producer, and boxes on which what it claims is false."""
