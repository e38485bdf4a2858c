"""Certificate files, foreign and ours: untrusted, parsed strictly, judged exactly."""
