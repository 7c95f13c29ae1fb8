"""Answers questions about the past, read only."""
