"""A real OBS without a screen, for the tests and for measuring."""
