"""The simulated Portal and workspace: what the demonstration and the tests talk to."""
