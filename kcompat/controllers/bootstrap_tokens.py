"""Bootstrap tokens, with which new nodes find and join a cluster: expired ones are deleted, and `cluster-info` in kube-public is signed with
each that may sign (upstream: pkg/controller/bootstrap). Both controllers are off unless --controllers asks for them.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable
from datetime import datetime
from hmac import digest

import orjson

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import CONFIG_MAPS, SECRETS
from kcompat.controllers.controller import Context, controller, split_key

TYPE = "bootstrap.kubernetes.io/token"
PREFIX = "bootstrap-token-"
ONLY_TOKENS = f"type={TYPE}"
CONFIG_MAP, NAMESPACE, KUBECONFIG = "cluster-info", "kube-public", "kubeconfig"
SIGNATURE = "jws-kubeconfig-"
"""Before the token's id: the key of a signature in the ConfigMap."""


def field(secret: Tree, name: str) -> str:
    try:
        return b64decode((secret.get("data") or {}).get(name, "")).decode()
    except (Error, UnicodeDecodeError):
        return ""


def seconds_left(secret: Tree, now: datetime) -> float | None:
    """Until the token expires, not above 0 when it has or nobody can say; None: it does not expire (upstream: GetExpiration)."""
    expiration = field(secret, "expiration")
    if not expiration:
        return None
    try:
        return (parse_rfc3339(expiration) - now).total_seconds()
    except ValueError:
        return 0.0


def signing_token(secret: Tree) -> tuple[str, str] | None:
    """Id and secret of a token that may sign (upstream: validateSecretForSigning)."""
    identifier, key = field(secret, "token-id"), field(secret, "token-secret")
    if not identifier or not key or meta.name(secret) != f"{PREFIX}{identifier}" or field(secret, "usage-bootstrap-signing") != "true":
        return None
    return identifier, key


def signatures(content: str, tokens: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A signature of the content with each token, as a compact JWS whose payload is left out; clients compare it byte for byte
    (upstream: ComputeDetachedSignature)."""
    payload, found = _base64(content.encode()), {}
    for identifier, key in tokens:
        header = _base64(orjson.dumps({"alg": "HS256", "kid": identifier}))
        signature = digest(key.encode(), f"{header}.{payload}".encode(), "sha256")
        found[f"{SIGNATURE}{identifier}"] = f"{header}..{_base64(signature)}"
    return found


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@controller("token-cleaner-controller", account="token-cleaner", enabled=False)
class TokenCleaner:
    """Keys are namespace/name of token secrets."""

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._client = context.client.of(SECRETS)
        self._secrets = context.watch(SECRETS, context.enqueue, field_selector=ONLY_TOKENS)

    async def reconcile(self, key: str) -> float | None:
        namespace, name = split_key(key)
        secret = self._secrets.get(namespace, name)
        left = seconds_left(secret, self._clock.now()) if secret is not None and namespace == "kube-system" else None
        if secret is None or left is None or left > 0:
            return left
        try:
            await self._client.delete(name, namespace, uid=meta.uid(secret))
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
        return None


@controller("bootstrap-signer-controller", account="bootstrap-signer", enabled=False)
class BootstrapSigner:
    """Its one key is the ConfigMap's."""

    def __init__(self, context: Context) -> None:
        self._clock, self._queue = context.clock, context.queue
        self._client = context.client.of(CONFIG_MAPS)
        self._config_maps = context.watch(CONFIG_MAPS, self._config_map_changed)
        self._secrets = context.watch(SECRETS, lambda _old, _new: self._enqueue(), field_selector=ONLY_TOKENS)

    def _config_map_changed(self, _old: Tree | None, new: Tree | None) -> None:
        if new is not None and (meta.namespace(new), meta.name(new)) == (NAMESPACE, CONFIG_MAP):
            self._enqueue()

    def _enqueue(self) -> None:
        self._queue.add(f"{NAMESPACE}/{CONFIG_MAP}")

    async def reconcile(self, key: str) -> None:
        config_map = self._config_maps.get(*split_key(key))
        content = (config_map.get("data") or {}).get(KUBECONFIG) if config_map is not None else None
        if config_map is None or content is None:
            return
        data = config_map["data"]
        kept = {name: text for name, text in data.items() if not name.startswith(SIGNATURE)}
        wanted = {**kept, **signatures(content, self._tokens())}
        if wanted != data:
            await self._client.update({**config_map, "data": wanted})

    def _tokens(self) -> list[tuple[str, str]]:
        now = self._clock.now()
        secrets = [secret for secret in self._secrets.list("kube-system") if (left := seconds_left(secret, now)) is None or left > 0]
        return [token for secret in secrets if (token := signing_token(secret)) is not None]
