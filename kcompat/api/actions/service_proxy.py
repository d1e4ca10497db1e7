"""services/proxy: answered by a node's server, which simulated nodes do not have yet: an error says so."""

from __future__ import annotations

from kcompat.api.actions.unreachable import create, delete, get, patch, update

__all__ = ["create", "delete", "get", "patch", "update"]
