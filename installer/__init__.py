"""A bare machine becomes a working one, and back: makes `.venv/`, then runs the program or its tests.

Standard library only. The modules keep to the syntax of Python 3.8, so that an old Python can still
look for a newer one, or say what to install.
"""
