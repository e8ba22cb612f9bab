"""The engine process and the host's end of it: frames out, styled frames back, and a watch over both.

Only `worker.py`, which runs in the child, imports torch. Everything else here needs numpy and OpenCV.
"""
