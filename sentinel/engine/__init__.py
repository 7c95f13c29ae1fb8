"""Conducts: the only writer."""
