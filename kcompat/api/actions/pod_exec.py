"""pods/exec: served by the node, over WebSockets or SPDY. Upstream: pkg/registry/core/pod/rest/subresources.go."""

from __future__ import annotations

from kcompat.api.pod_streams import exec_

get = create = exec_
