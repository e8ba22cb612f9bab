"""A long show in a short time: who takes part, what is counted meanwhile, and whether anything grows.

sampling.py   memory, handles, threads, shared memory, temporary files of a program and its processes
trends.py     whether a figure grows, with the bound of that
company.py    the hand that moves all controls, the docks, OBS
docks.py      a process with docks: events and the live picture, or pages in a browser
restarts.py   a hundred engine restarts, and what they leave behind
"""
