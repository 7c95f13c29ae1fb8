"""Ratios measured in one run: see docs/reference/benchmarks.md."""
