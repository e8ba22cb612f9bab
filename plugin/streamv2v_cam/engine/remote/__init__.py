"""An engine on another machine: the server that runs it, and the process here that stands in for it.

The host sees an engine process like any other; `client` is what runs in it and passes pictures and words on.
"""
