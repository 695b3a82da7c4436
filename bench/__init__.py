"""Benchmarks of the receiver against peers: `python -m bench`; see docs/performance.md."""
