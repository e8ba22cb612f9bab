"""What is tried on this machine and kept where it is faster: processor threads, compiled code.

Nothing here changes what a frame looks like; without this wing the engine runs plainly.
"""
