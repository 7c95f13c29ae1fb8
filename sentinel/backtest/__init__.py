"""The past under other rules: recorded readings in, the notices that would have been sent out. Nothing is written."""
