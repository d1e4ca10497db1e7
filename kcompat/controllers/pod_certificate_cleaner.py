"""Deletes PodCertificateRequests that should long have been answered (upstream: pkg/controller/certificates/cleaner/pcrcleaner.go)."""

from __future__ import annotations

import logging
from datetime import timedelta

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.resources import ResourceType
from kcompat.controllers.controller import Context, controller
from kcompat.controllers.sweeping import Sweeper

log = logging.getLogger(__name__)

POD_CERTIFICATE_REQUESTS = ResourceType("certificates.k8s.io", "v1", "podcertificaterequests", "PodCertificateRequest")
KEPT = timedelta(minutes=15)


@controller("podcertificaterequest-cleaner-controller", account="podcertificaterequestcleaner")
class PodCertificateCleaner(Sweeper):
    """Looks every five minutes."""

    period = 300.0

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._client = context.client.of(POD_CERTIFICATE_REQUESTS)
        self._requests = context.watch(POD_CERTIFICATE_REQUESTS)

    async def sweep(self) -> None:
        before = self._clock.now() - KEPT
        for tree in [tree for tree in self._requests if parse_rfc3339(meta.creation_timestamp(tree)) <= before]:
            try:
                await self._client.delete(meta.name(tree), meta.namespace(tree), uid=meta.uid(tree))
            except (StatusError, OSError) as error:
                log.info("unable to delete PodCertificateRequest %s: %s", meta.key(tree), error)
