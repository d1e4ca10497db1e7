"""Commands in simulated containers: a small shell with the usual small programs, over files that live in memory.

There is no process and no image: a container has its environment, its mounted volumes, and what was written to it since it started.
Anything else is answered as by a container that lacks the program. `remote.py` is what the API server talks to.
"""
