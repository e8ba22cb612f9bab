"""A frame's way through the engine: in, one call for all slots, out; and what glides between two frames.

Schedule, guidance, prompts and their transitions, stillness, movement and temporal smoothing.
"""
