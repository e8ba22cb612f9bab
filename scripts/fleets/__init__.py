"""Parts of the measurements of a fleet."""
