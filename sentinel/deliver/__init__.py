"""Outbox to channels."""
