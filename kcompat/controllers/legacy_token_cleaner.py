"""Marks, and later deletes, token secrets made for service accounts long ago that nobody uses
(upstream: pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go).
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.pod_references import references
from kcompat.client.interface import Tree
from kcompat.client.resources import CONFIG_MAPS, PODS, SECRETS, SERVICE_ACCOUNTS
from kcompat.controllers.controller import Context, controller
from kcompat.controllers.sweeping import Sweeper

log = logging.getLogger(__name__)

TRACKING = "kube-apiserver-legacy-service-account-token-tracking"
"""The ConfigMap in kube-system that says since when the API server notes the use of such tokens."""
LAST_USED, INVALID_SINCE = "kubernetes.io/legacy-token-last-used", "kubernetes.io/legacy-token-invalid-since"
_ACCOUNT, _ACCOUNT_UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
_TYPE = "kubernetes.io/service-account-token"


def parse_day(text: str | None) -> date | None:
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").replace(tzinfo=UTC).date() if text and len(text) == 10 else None
    except ValueError:
        return None


def is_unused(secret: Tree, since: datetime) -> bool:
    """Neither made nor used since then, and not already going. Pure."""
    if meta.is_being_deleted(secret) or parse_rfc3339(meta.creation_timestamp(secret)) >= since:
        return False
    used = meta.labels(secret).get(LAST_USED)
    if used is None:
        return True
    day = parse_day(used)
    return day is not None and day < since.date()


@controller("legacy-serviceaccount-token-cleaner-controller", account="legacy-service-account-token-cleaner")
class LegacyTokenCleaner(Sweeper):
    """Looks once a day."""

    period = 24 * 3600.0

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._kept = timedelta(seconds=context.settings.legacy_token_seconds)
        self._secrets_client, self._config_maps = context.client.of(SECRETS), context.client.of(CONFIG_MAPS)
        self._secrets = context.watch(SECRETS, field_selector=f"type={_TYPE}")
        self._accounts, self._pods = context.watch(SERVICE_ACCOUNTS), context.watch(PODS)

    async def sweep(self) -> None:
        now = self._clock.now()
        if now - self._kept < await self._tracked_since():
            return
        for secret in list(self._secrets):
            if is_unused(secret, now - self._kept) and self._is_generated(secret) and not self._is_mounted(secret):
                await self._retire(secret, now)

    async def _tracked_since(self) -> datetime:
        """The day after use began to be noted. Raises ValueError when that is not known."""
        tree = await self._config_maps.get(TRACKING, "kube-system")
        day = parse_day((tree.get("data") or {}).get("since"))
        if day is None:
            raise ValueError(f"configmap {TRACKING} does not say since when")
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)

    def _is_generated(self, secret: Tree) -> bool:
        """Its account lists it, as accounts once listed the tokens that were made for them."""
        annotations = meta.annotations(secret)
        account = self._accounts.get(meta.namespace(secret), annotations.get(_ACCOUNT, ""))
        if account is None or annotations.get(_ACCOUNT_UID) not in (None, "", meta.uid(account)):
            return False
        return any(reference.get("name") == meta.name(secret) for reference in account.get("secrets") or ())

    def _is_mounted(self, secret: Tree) -> bool:
        wanted = ("secrets", meta.name(secret))
        return any(wanted in references(pod) for pod in self._pods.list(meta.namespace(secret)))

    async def _retire(self, secret: Tree, now: datetime) -> None:
        """Marked first; deleted when it has been marked for as long as it may lie unused."""
        name, namespace = meta.name(secret), meta.namespace(secret)
        invalid_since = parse_day(meta.labels(secret).get(INVALID_SINCE))
        try:
            if invalid_since is None:
                labels = {INVALID_SINCE: now.strftime("%Y-%m-%d")}
                await self._secrets_client.patch(name, {"metadata": {"uid": meta.uid(secret), "labels": labels}}, namespace)
            elif invalid_since < (now - self._kept).date():
                await self._secrets_client.delete(name, namespace, resource_version=meta.resource_version(secret))
        except StatusError as error:
            if error.reason not in ("Conflict", "NotFound"):
                raise
