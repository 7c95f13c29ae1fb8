"""Sentinel: tells people once when a service degrades, and once that it recovered."""

__version__ = "0.1.0"
