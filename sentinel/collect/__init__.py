"""Sources to readings."""
