"""Sentinel and Alertmanager under the same torture: see `__main__`."""
