"""Tokens kept in secrets of type kubernetes.io/service-account-token (upstream: pkg/serviceaccount/legacy.go)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from hmac import compare_digest
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.reader import Reader
from kcompat.auth import service_accounts
from kcompat.auth.interface import InvalidCredentials, TokenAnswer
from kcompat.auth.tokens import LEGACY_ISSUER, KeySet, foreign_audiences, unverified_issuer

INVALID_SINCE, LAST_USED = "kubernetes.io/legacy-token-invalid-since", "kubernetes.io/legacy-token-last-used"
Label = Callable[[Mapping[str, Any], str, str], Awaitable[None]]
_GENERATED = "Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens."
_MARKED_INVALID = (
    "the token in secret {secret} for service account {account} has been marked invalid. Use tokens from the TokenRequest API or manually created "
    f"secret-based tokens, or remove the '{INVALID_SINCE}' label from the secret to temporarily allow use of this token"
)

_CLAIMS = {
    "namespace": "namespace", "secret.name": "secretName", "service-account.name": "serviceAccountName", "service-account.uid": "serviceAccountUID",
}  # fmt: skip
"""Claims, each with what messages call it."""


class LegacyServiceAccountAuthenticator:
    """Such a token is good while the secret that holds it, and its service account, exist. It has only the API server's audiences.

    With `lookup` false (--service-account-lookup) the signature is enough. `label` writes the day of a token's last use on its secret.
    """

    def __init__(
        self, keys: KeySet, api_audiences: Sequence[str], reader: Reader, clock: Clock, label: Label | None = None, lookup: bool = True
    ) -> None:
        self._keys = keys
        self._api_audiences = tuple(api_audiences)
        self._reader = reader
        self._clock = clock
        self._label = label
        self._lookup = lookup

    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenAnswer | None:
        if unverified_issuer(token) != LEGACY_ISSUER:
            return None
        claims = self._keys.verify(token)
        if claims.get("iss") != LEGACY_ISSUER:
            raise InvalidCredentials(f"token issuer {quote(str(claims.get('iss', '')))} is invalid")
        shared = tuple(a for a in self._api_audiences if a in audiences) if audiences else self._api_audiences
        if self._api_audiences and not shared:
            raise InvalidCredentials(foreign_audiences(self._api_audiences, audiences))
        namespace, secret, account, uid = _claims(claims)
        generated = self._lookup and await self._check(token, namespace, secret, account, uid)
        return TokenAnswer(service_accounts.user_info(namespace, account, uid), shared, (_GENERATED,) if generated else ())

    async def _check(self, token: str, namespace: str, secret_name: str, account_name: str, uid: str) -> bool:
        """Whether the secret is one that was made for the account without being asked for. Raises InvalidCredentials."""
        secret = await self._reader.get("", "secrets", namespace, secret_name)
        if secret is None or meta.is_being_deleted(secret):
            raise InvalidCredentials("Token has been invalidated")
        if not compare_digest(_held(secret), token.encode()):
            raise InvalidCredentials("Token does not match server's copy")
        account = await self._reader.get("", "serviceaccounts", namespace, account_name)
        if account is None:
            raise InvalidCredentials(f"serviceaccounts {quote(account_name)} not found")
        if meta.is_being_deleted(account):
            raise InvalidCredentials(f"ServiceAccount {namespace}/{account_name} has been deleted")
        if meta.uid(account) != uid:
            raise InvalidCredentials(f"ServiceAccount UID ({meta.uid(account)}) does not match claim ({uid})")
        await self._note_use(secret)
        if meta.labels(secret).get(INVALID_SINCE):
            raise InvalidCredentials(_MARKED_INVALID.format(secret=f"{namespace}/{secret_name}", account=f"{namespace}/{account_name}"))
        return any(reference.get("name") == secret_name for reference in account.get("secrets") or ())

    async def _note_use(self, secret: Mapping[str, Any]) -> None:
        now = self._clock.now()
        today, tomorrow = (f"{day:%Y-%m-%d}" for day in (now, now + timedelta(days=1)))
        if self._label is not None and meta.labels(secret).get(LAST_USED) not in (today, tomorrow):
            await self._label(secret, LAST_USED, today)


def _claims(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Namespace, secret, service account and its uid. Raises InvalidCredentials if one is missing or the subject is another."""
    found = tuple(str(claims.get(f"kubernetes.io/serviceaccount/{name}") or "") for name in _CLAIMS)
    for name, value in (("sub", claims.get("sub")), *zip(_CLAIMS.values(), found, strict=True)):
        if not value:
            raise InvalidCredentials(f"{name} claim is missing")
    if service_accounts.split_username(str(claims.get("sub") or "")) != (found[0], found[2]):
        raise InvalidCredentials("sub claim is invalid")
    return found


def _held(secret: Mapping[str, Any]) -> bytes:
    try:
        return b64decode((secret.get("data") or {}).get("token", ""))
    except binascii.Error:
        return b""
