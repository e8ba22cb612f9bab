"""Many engines behind one address, on Ray Serve: who works for whom, and how many there are, is Serve's to say.

What is here is one replica (its sessions, on one copy of the weights), the door that all replicas share, and the
application that Serve runs.
"""
