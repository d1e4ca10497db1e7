"""nodes/proxy: any request, passed on to the node. Upstream: registry/core/node/rest/proxy.go."""

from __future__ import annotations

from kcompat.api.resource_proxy import to_node

connect = create = get = update = patch = delete = to_node
