"""Decides and touches nothing: standard library and numpy only."""
