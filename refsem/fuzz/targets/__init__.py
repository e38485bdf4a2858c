"""What is fuzzed and profiled: kernel, numpy, torch, callables, shared libraries, graphs."""
