"""Speed of the kernel against NumPy, in one run: `python -m benchmarks.speed`."""
