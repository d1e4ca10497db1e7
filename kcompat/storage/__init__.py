"""Revisioned bytes: what is stored, under which revision, and who is told.

`interface.py` is the contract, `backends/` fulfil it, `watch_cache.py` reads through it and `codec.py` is the stored form.
Used by `registry/store.py` and `cluster.py` only.
"""
