"""Service account tokens as the API offers them: TokenRequest, TokenReview, keys for verifiers. Built by `cluster.py`.

Upstream: pkg/registry/core/serviceaccount/storage/token.go, pkg/routes/openidmetadata.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.clock import Clock, rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.reader import Reader
from kcompat.auth.authentication import Authentication
from kcompat.auth.interface import TokenAnswer
from kcompat.auth.tokens import EXTENDED_EXPIRATION, WARN_ONLY_EXPIRATION, Bound, KeySet, TokenIssuer

Tree = dict[str, Any]
_MIN_SECONDS, _MAX_SECONDS = 600, 1 << 32
_DEFAULT_SECONDS = 3600


class TokenService:
    """Issues, reviews, and shows the public keys."""

    def __init__(
        self, issuer: TokenIssuer, keys: KeySet, audiences: Sequence[str], authentication: Authentication, reader: Reader, clock: Clock, address: str
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._audiences = tuple(audiences)
        self._authentication = authentication
        self._reader = reader
        self._clock = clock
        self._address = address

    async def issue(self, account: Tree, asked: Tree, warnings: list[str]) -> Tree:
        """A TokenRequest with its status. Raises Invalid, NotFound, Conflict, BadRequest."""
        spec = asked.get("spec", {})
        seconds = spec.get("expirationSeconds") or _DEFAULT_SECONDS
        check(seconds)
        bound = await self._bound(account, spec.get("boundObjectRef"))
        audiences = tuple(spec.get("audiences") or ()) or self._audiences
        lives, warn_after = seconds, 0
        if seconds == WARN_ONLY_EXPIRATION and bound is not None and bound.pod is not None and set(audiences) & set(self._audiences):
            lives, warn_after = EXTENDED_EXPIRATION, seconds
        claims = self._issuer.claims(account, audiences, lives, bound, warn_after)
        expires = rfc3339(self._clock.now() + timedelta(seconds=seconds))
        metadata = {"name": meta.name(account), "namespace": meta.namespace(account), "creationTimestamp": rfc3339(self._clock.now())}
        status = {"token": self._issuer.sign(claims), "expirationTimestamp": expires}
        wanted = {**spec, "audiences": list(audiences), "expirationSeconds": seconds}
        wanted.setdefault("boundObjectRef", None)
        return {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": metadata, "spec": wanted, "status": status}

    async def _bound(self, account: Tree, reference: Tree | None) -> Bound | None:
        """The object the token is bound to."""
        if reference is None:
            return None
        kind, version, name = reference.get("kind", ""), reference.get("apiVersion", ""), reference.get("name", "")
        plurals = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
        if version != "v1" or kind not in plurals:
            full = version if "/" in version else f"/{version}"
            raise errors.bad_request(f"cannot bind token to object of type {full}, Kind={kind}")
        namespace = "" if kind == "Node" else meta.namespace(account)
        found = await self._reader.get("", plurals[kind], namespace, name)
        if found is None:
            raise errors.not_found("", plurals[kind], name)
        uid = reference.get("uid", "")
        if uid and uid != meta.uid(found):
            message = f"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            raise errors.conflict("", plurals[kind], name, message)
        if kind == "Pod":
            return await self._bound_to_pod(account, found)
        return Bound(secret=found) if kind == "Secret" else Bound(node=found)

    async def _bound_to_pod(self, account: Tree, pod: Tree) -> Bound:
        wanted = pod["spec"].get("serviceAccountName", "")
        if wanted != meta.name(account):
            message = f"cannot bind token for serviceaccount {meta.name(account)!r} to pod running with different serviceaccount name."
            raise errors.bad_request(message.replace("'", '"'))
        node = pod["spec"].get("nodeName", "")
        return Bound(pod=pod, node=await self._reader.get("", "nodes", "", node) if node else None)

    async def review(self, token: str, audiences: Sequence[str]) -> TokenAnswer:
        """Raises InvalidCredentials."""
        return await self._authentication.review(token, audiences)

    def jwks(self) -> Tree:
        return self._keys.jwks()

    def openid_configuration(self) -> Tree:
        return self._keys.openid_configuration(self._issuer.issuer, f"https://{self._address}/openid/v1/jwks")


def check(seconds: int) -> None:
    """Raises Invalid for a life time out of bounds (upstream: ValidateTokenRequest)."""
    path = Path("spec").child("expirationSeconds")
    found: list[FieldError] = []
    if seconds < _MIN_SECONDS:
        found.append(invalid(path, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > _MAX_SECONDS:
        found.append(invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"))
    if found:
        raise errors.invalid("authentication.k8s.io", "TokenRequest", "", found)
