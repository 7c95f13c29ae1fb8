"""rules.toml and environment to domain objects, or every problem at once."""
