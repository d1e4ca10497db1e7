"""pods/portforward: served by the node. Upstream: pkg/registry/core/pod/rest/subresources.go."""

from __future__ import annotations

from kcompat.api.pod_streams import port_forward

get = create = port_forward
