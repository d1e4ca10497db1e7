"""Bound service account tokens (upstream: pkg/serviceaccount/jwt.go and claims.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, parse_rfc3339
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.reader import Reader
from kcompat.apimachinery.user import UserInfo
from kcompat.auth import service_accounts
from kcompat.auth.interface import InvalidCredentials, TokenAnswer
from kcompat.auth.tokens import LEEWAY, KeySet, check_times, credential_id, foreign_audiences, unverified_issuer

Tree = Mapping[str, Any]

_INVALIDATED = "service account token has been invalidated"


class ServiceAccountAuthenticator:
    """Accepts what a key of the set signed for one of the issuers, as long as everything the token is bound to lives."""

    def __init__(self, issuers: Sequence[str], keys: KeySet, api_audiences: Sequence[str], reader: Reader, clock: Clock) -> None:
        self._issuers = frozenset(issuers)
        self._keys = keys
        self._api_audiences = tuple(api_audiences)
        self._reader = reader
        self._clock = clock

    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenAnswer | None:
        if unverified_issuer(token) not in self._issuers:
            return None
        claims = self._keys.verify(token)
        if claims.get("iss") not in self._issuers:
            raise InvalidCredentials(f"token issuer {quote(str(claims.get('iss', '')))} is invalid")
        shared = self._shared_audiences(claims, audiences or self._api_audiences)
        check_times(claims, self._clock.now().timestamp())
        return TokenAnswer(await self._user(claims), shared)

    def _shared_audiences(self, claims: Tree, wanted: Sequence[str]) -> tuple[str, ...]:
        given = claims.get("aud") or self._api_audiences
        given = (given,) if isinstance(given, str) else tuple(given)
        shared = tuple(audience for audience in given if audience in wanted)
        if not shared and self._api_audiences:
            raise InvalidCredentials(foreign_audiences(given, wanted))
        return shared

    async def _user(self, claims: Tree) -> UserInfo:
        bound = claims.get("kubernetes.io")
        if not isinstance(bound, dict):
            raise InvalidCredentials("the token has no kubernetes.io claim")
        namespace, account = str(bound.get("namespace", "")), _reference(bound, "serviceaccount") or ("", "")
        await self._check_account(namespace, account)
        extra: dict[str, tuple[str, ...]] = {}
        if secret := _reference(bound, "secret"):
            await self._check("secrets", namespace, secret, "secret")
        if pod := _reference(bound, "pod"):
            await self._check("pods", namespace, pod, "pod")
            extra |= {service_accounts.POD_NAME: (pod[0],), service_accounts.POD_UID: (pod[1],)}
        if identifier := credential_id(str(claims.get("jti") or "")):
            extra[service_accounts.CREDENTIAL_ID] = (identifier,)
        if node := _reference(bound, "node"):
            if pod is None:  # beside a pod the node is only information: the pod's life is the token's
                await self._check("nodes", "", node, "node")
            extra |= {service_accounts.NODE_NAME: (node[0],)} | ({service_accounts.NODE_UID: (node[1],)} if node[1] else {})
        return service_accounts.user_info(namespace, *account, extra)

    async def _check_account(self, namespace: str, reference: tuple[str, str]) -> None:
        """Raises InvalidCredentials unless this very service account exists and was not deleted longer than the leeway ago."""
        name, uid = reference
        account = await self._reader.get("", "serviceaccounts", namespace, name)
        if account is None:
            raise InvalidCredentials(f"serviceaccounts {quote(name)} not found")
        if meta.uid(account) != uid:
            raise InvalidCredentials(f"service account UID ({meta.uid(account)}) does not match claim ({uid})")
        if self._is_gone(account):
            raise InvalidCredentials(f"service account {namespace}/{name} has been deleted")

    async def _check(self, resource: str, namespace: str, reference: tuple[str, str], kind: str) -> None:
        """The same of what a token is bound to; `kind` as the message names it."""
        name, uid = reference
        tree = await self._reader.get("", resource, namespace, name)
        if tree is None:
            raise InvalidCredentials(_INVALIDATED)
        if meta.uid(tree) != uid:
            raise InvalidCredentials(f"{kind} UID ({meta.uid(tree)}) does not match service account {kind} ref claim ({uid})")
        if self._is_gone(tree):
            raise InvalidCredentials(_INVALIDATED)

    def _is_gone(self, tree: Tree) -> bool:
        deleted = meta.deletion_timestamp(tree)
        return bool(deleted) and parse_rfc3339(deleted) < self._clock.now() - timedelta(seconds=LEEWAY)


def _reference(bound: Tree, kind: str) -> tuple[str, str] | None:
    reference = bound.get(kind)
    return (str(reference.get("name", "")), str(reference.get("uid", ""))) if isinstance(reference, dict) else None
