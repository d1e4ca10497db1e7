"""pods/attach: served by the node, over WebSockets or SPDY. Upstream: pkg/registry/core/pod/rest/subresources.go."""

from __future__ import annotations

from kcompat.api.pod_streams import attach

get = create = attach
