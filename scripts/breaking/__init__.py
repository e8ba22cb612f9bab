"""Faults of a live show, each made on purpose: a room for each kind, and how they are watched and told.

watching.py   what becomes of a show from the fault to the picture, as a row
program.py    the program in a process of its own, seen through its API as everyone sees it
rooms.py      what a room is, and playing its faults one after the other
tables.py     rows for people, and into the documentation
engine.py raising.py camera.py obs.py hands.py machine.py memory.py files.py    the rooms
"""
