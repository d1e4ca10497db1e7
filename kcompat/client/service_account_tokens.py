"""Bearer tokens of a service account by TokenRequest, renewed before they expire: how each controller of `kcompat controllers
--use-service-account-credentials` acts as itself (upstream: controller-manager pkg/clientbuilder/client_builder_dynamic.go).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from kcompat.apimachinery.clock import Clock, SystemClock, parse_rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import NAMESPACES, SERVICE_ACCOUNTS

EXPIRATION_SECONDS = 3600
MINIMUM_SECONDS = 600.0
"""Clocks may differ: a token is taken to live at least this long."""
USED_PART = 0.8
"""Of its life a token is used for this part."""


class ServiceAccountTokens:
    """client.http.TokenSource. `client` may create tokens, and the account if it is missing."""

    def __init__(self, client: Client, namespace: str, account: str, clock: Clock | None = None) -> None:
        self._client, self._namespace, self._account = client, namespace, account
        self._clock = clock or SystemClock()
        self._token, self._good_until = "", 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """Raises StatusError or ConnectionError when none can be had."""
        if self._clock.monotonic() >= self._good_until:
            async with self._lock:
                if self._clock.monotonic() >= self._good_until:
                    await self._renew()
        return self._token

    def reject(self) -> None:
        self._good_until = 0.0

    async def _renew(self) -> None:
        await self._ensure_account()
        body: Tree = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": EXPIRATION_SECONDS}}
        answer = await self._client.of(SERVICE_ACCOUNTS).post(self._account, "token", body, self._namespace)
        status = answer["status"]
        life = (parse_rfc3339(status["expirationTimestamp"]) - self._clock.now()).total_seconds()
        self._token = status["token"]
        self._good_until = self._clock.monotonic() + max(MINIMUM_SECONDS, life) * USED_PART

    async def _ensure_account(self) -> None:
        accounts = self._client.of(SERVICE_ACCOUNTS)
        try:
            await accounts.get(self._account, self._namespace)
        except StatusError as error:
            if error.code != 404:
                raise
            with suppress(StatusError):  # whether we may make it is not known; if it is missing, the next says so
                await self._client.of(NAMESPACES).create({"metadata": {"name": self._namespace}})
            await self._create()

    async def _create(self) -> None:
        try:
            await self._client.of(SERVICE_ACCOUNTS).create({"metadata": {"name": self._account, "namespace": self._namespace}})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
