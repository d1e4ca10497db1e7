"""services/proxy: any request, passed on to the service. Upstream: registry/core/service."""

from __future__ import annotations

from kcompat.api.resource_proxy import to_service

connect = create = get = update = patch = delete = to_service
