"""pods/proxy: any request, passed on to the pod. Upstream: registry/core/pod."""

from __future__ import annotations

from kcompat.api.resource_proxy import to_pod

connect = create = get = update = patch = delete = to_pod
