"""Removes objects whose owners are gone, and lets owners wait for or part from their dependents.

Upstream: pkg/controller/garbagecollector.
`graph` knows who owns whom and says what to look at when something changes; it is pure. `collector` asks the server and carries out.
"""

from kcompat.controllers.garbage_collector.collector import GarbageCollector

__all__ = ["GarbageCollector"]
