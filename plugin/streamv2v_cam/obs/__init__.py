"""OBS as a hand on the controls: a process of its own, which speaks to OBS and to the program's API.

obsws-python is GPL-3.0-only, blocks, and prints the password into its log; it is imported here only.
"""
