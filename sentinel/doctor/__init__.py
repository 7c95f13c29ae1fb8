"""Looks at an installation and everything outside that it needs: what is not well, and what mends it."""
