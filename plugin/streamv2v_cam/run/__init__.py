"""A live run, composed: source, engine, outputs and page, in which order they start and stop."""
