"""Prompts as people write them: what brackets, numbers, breaks and names in them mean, and which tokens come of it."""
