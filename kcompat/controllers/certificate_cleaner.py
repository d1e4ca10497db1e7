"""Deletes CertificateSigningRequests that are long decided, long waited for in vain, or whose certificate has expired
(upstream: pkg/controller/certificates/cleaner).
"""

from __future__ import annotations

import logging
from base64 import b64decode
from datetime import datetime

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.controllers import certificate_requests as requests
from kcompat.controllers.certificate_requests import ACCOUNT, CERTIFICATE_SIGNING_REQUESTS
from kcompat.controllers.controller import Context, controller, status_of
from kcompat.controllers.sweeping import Sweeper

log = logging.getLogger(__name__)

DECIDED_SECONDS = 3600.0
PENDING_SECONDS = 24 * 3600.0


def is_outdated(request: Tree, now: datetime) -> bool:
    """Pure."""
    issued = bool(status_of(request).get("certificate"))
    conditions = list(requests.conditions(request))
    if not conditions and _age(meta.creation_timestamp(request), now) > PENDING_SECONDS:
        return True
    if issued and any(condition["type"] == "Approved" for condition in conditions) and _has_expired(request, now):
        return True
    kept = {"Denied": DECIDED_SECONDS, "Failed": DECIDED_SECONDS, "Approved": DECIDED_SECONDS if issued else PENDING_SECONDS}
    return any(_age(each.get("lastUpdateTime"), now) > kept.get(each["type"], float("inf")) for each in conditions)


def _age(stamp: str | None, now: datetime) -> float:
    """Seconds; of no time at all: none."""
    return (now - parse_rfc3339(stamp)).total_seconds() if stamp else 0.0


def _has_expired(request: Tree, now: datetime) -> bool:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(b64decode(status_of(request)["certificate"]))
    except ValueError:
        return False
    return any(certificate.not_valid_after_utc < now for certificate in found)


@controller("certificatesigningrequest-cleaner-controller", account=ACCOUNT)
class CertificateCleaner(Sweeper):
    """Looks once an hour."""

    period = 3600.0

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._client = context.client.of(CERTIFICATE_SIGNING_REQUESTS)
        self._requests = context.watch(CERTIFICATE_SIGNING_REQUESTS)

    async def sweep(self) -> None:
        now = self._clock.now()
        for name in [meta.name(request) for request in self._requests if is_outdated(request, now)]:
            try:
                await self._client.delete(name)
            except (StatusError, OSError) as error:
                log.info("unable to delete CSR %s: %s", name, error)
