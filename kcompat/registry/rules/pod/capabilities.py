"""What the administrator lets containers have (--allow-privileged), as the request in hand is to see it.

`api/pipeline.py` sets it for every write, as several control planes may share a process; the rules of pods ask, and none of them knows its
server. Upstream: pkg/capabilities.
"""

from __future__ import annotations

from contextvars import ContextVar

ALLOW_PRIVILEGED: ContextVar[bool] = ContextVar("allow_privileged", default=True)
