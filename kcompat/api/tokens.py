"""Service account tokens as the API offers them: TokenRequest, TokenReview, keys for verifiers. Built by `cluster.py`.

Upstream: pkg/registry/core/serviceaccount/storage/token.go, pkg/routes/openidmetadata.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.clock import Clock, rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid, not_supported
from kcompat.apimachinery.names import is_dns1123_subdomain
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.reader import Reader
from kcompat.auth.authentication import Authentication
from kcompat.auth.interface import TokenAnswer
from kcompat.auth.tokens import EXTENDED_EXPIRATION, WARN_ONLY_EXPIRATION, Bound, KeySet, TokenIssuer

Tree = dict[str, Any]
_MIN_SECONDS, _MAX_SECONDS = 600, 1 << 32
_GROUPS = "admissionReviewAPIGroups"
_BINDABLE = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


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

    def completed(self, account: Tree, asked: Tree) -> Tree:
        """A request as its service account makes it whole: what admission and the answer show of it, but for the token. Raises Invalid."""
        spec = asked["spec"]
        check(spec)
        own = {"name": meta.name(account), "namespace": meta.namespace(account), "uid": meta.uid(account)}
        metadata = {**asked["metadata"], **own, "creationTimestamp": rfc3339(self._clock.now())}
        wanted = {**spec, "audiences": list(spec.get("audiences") or self._audiences)}
        wanted.setdefault("boundObjectRef", None)
        return {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": metadata, "spec": wanted}

    async def issue(self, account: Tree, wanted: Tree) -> Tree:
        """A completed TokenRequest with its status. Raises NotFound, Conflict, BadRequest."""
        spec = wanted["spec"]
        audiences, seconds = spec["audiences"], spec["expirationSeconds"]
        bound = await self._bound(account, spec["boundObjectRef"])
        lives, warn_after = seconds, 0
        if seconds == WARN_ONLY_EXPIRATION and bound is not None and bound.pod is not None and set(audiences) <= set(self._audiences):
            lives, warn_after = EXTENDED_EXPIRATION, seconds
        claims = self._issuer.claims(account, audiences, lives, bound, warn_after)
        expires = rfc3339(self._clock.now() + timedelta(seconds=seconds))
        return {**wanted, "status": {"token": self._issuer.sign(claims), "expirationTimestamp": expires}}

    async def _bound(self, account: Tree, reference: Tree | None) -> Bound | None:
        """The object the token is bound to. Any version of the core group will do."""
        if reference is None:
            return None
        kind, api_version, name = (reference.get(key, "") for key in ("kind", "apiVersion", "name"))
        group, _, version = api_version.rpartition("/")
        if group or kind not in _BINDABLE:
            gate = " (feature gate APIServerWebhookAuthenticationToken is disabled)" if is_webhook(reference) else ""
            raise errors.bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}{gate}")
        if not name:
            raise errors.bad_request("Name parameter required.")
        plural = _BINDABLE[kind]
        found = await self._reader.get("", plural, "" if kind == "Node" else meta.namespace(account), name)
        if found is None:
            raise errors.not_found("", plural, name)
        bound = await self._bound_to_pod(account, found) if kind == "Pod" else Bound(secret=found) if kind == "Secret" else Bound(node=found)
        uid = reference.get("uid", "")
        if uid and uid != meta.uid(found):
            message = f"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            raise errors.conflict("", kind, name, message)
        return bound

    async def _bound_to_pod(self, account: Tree, pod: Tree) -> Bound:
        name = meta.name(account)
        if pod["spec"].get("serviceAccountName", "") != name:
            raise errors.bad_request(f"cannot bind token for serviceaccount {quote(name)} to pod running with different serviceaccount name.")
        node = pod["spec"].get("nodeName", "")
        if not node:
            return Bound(pod=pod)
        return Bound(pod=pod, node=await self._reader.get("", "nodes", "", node) or {"metadata": {"name": node}})

    async def review(self, token: str, audiences: Sequence[str]) -> TokenAnswer:
        """Raises InvalidCredentials."""
        return await self._authentication.review(token, audiences)

    def jwks(self) -> Tree:
        return self._keys.jwks()

    def openid_configuration(self) -> Tree:
        return self._keys.openid_configuration(self._issuer.issuer, f"https://{self._address}/openid/v1/jwks")


def is_webhook(reference: Tree) -> bool:
    """Whether a token would be bound to the configuration of a webhook."""
    kinds = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
    return reference.get("apiVersion") == "admissionregistration.k8s.io/v1" and reference.get("kind") in kinds


def check(spec: Tree) -> None:
    """Raises Invalid (upstream: ValidateTokenRequest)."""
    path, seconds = Path("spec").child("expirationSeconds"), spec["expirationSeconds"]
    found: list[FieldError] = []
    if seconds < _MIN_SECONDS:
        found.append(invalid(path, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > _MAX_SECONDS:
        found.append(invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"))
    attestations, at = spec.get("attestations"), Path("spec").child("attestations")
    if is_webhook(spec.get("boundObjectRef") or {}):
        if len(spec.get("audiences") or ()) > 1:
            found.append(invalid(Path("spec").child("audiences"), spec["audiences"], "must be length 1 when bound to a webhook config"))
        found += _attested(attestations, at)
    elif attestations:
        found = [invalid(at, attestations, "attestations may only be specified with a webhook bound object reference")]
    if found:
        raise errors.invalid("authentication.k8s.io", "TokenRequest", "", found)


def _attested(attestations: Tree | None, at: Path) -> list[FieldError]:
    """One group of the API, or all (validateWebhookAttestations)."""
    if len(attestations or ()) != 1:
        return [invalid(at, attestations, "webhook bound requests require exactly one admissionReviewAPIGroups attestation")]
    (key, values), *_ = (attestations or {}).items()
    here = at.key(key)
    if key != _GROUPS:
        return [not_supported(here, key, (_GROUPS,), plain=True)]
    if len(values or ()) != 1:
        return [invalid(here, values, "must specify a single value")]
    group = values[0]
    if not group:
        return [invalid(here.index(0), group, "may not be an empty string")]
    problems = [] if group == "*" else is_dns1123_subdomain(group)
    return [invalid(here.index(0), group, f"must specify a valid API Group: {problem}") for problem in problems]
