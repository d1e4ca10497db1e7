"""Service account tokens: issued for the serviceaccounts/token subresource, verified for the authenticators, and the documents by which
others verify them (upstream: pkg/serviceaccount/jwt.go, claims.go and openidmetadata.go).
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, Identity
from kcompat.apimachinery.quote import quote
from kcompat.auth import service_accounts
from kcompat.auth.certificates import PrivateKey, PublicKey
from kcompat.auth.interface import InvalidCredentials

Tree = Mapping[str, Any]

LEEWAY = 60
"""Seconds by which clocks may differ (upstream: go-jose's default)."""
WARN_ONLY_EXPIRATION = 60 * 60 + 7
"""The lifetime in seconds that admission writes into projected tokens; it marks those whose real lifetime may be extended."""
EXTENDED_EXPIRATION = 365 * 24 * 60 * 60
DISCOVERY_MAX_AGE = 3600
JWKS_PATH = "/openid/v1/jwks"

_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def algorithm(key: PublicKey | PrivateKey) -> str:
    if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        return "RS256"
    try:
        return _ALGORITHMS[key.curve.name]
    except KeyError:
        raise ValueError("unknown private key curve, must be 256, 384, or 521") from None


def key_id(key: PublicKey) -> str:
    """Derived from the key so that it cannot be turned back (upstream: keyIDFromPublicKey)."""
    return _base64(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest())


@dataclass(frozen=True, slots=True)
class Bound:
    """The objects a token lives and dies with; at most one of pod, secret and a node without pod."""

    pod: Tree | None = None
    secret: Tree | None = None
    node: Tree | None = None

    def claims(self) -> dict[str, Any]:
        objects = {"node": self.node, "pod": self.pod, "secret": self.secret}
        return {kind: _reference(tree) for kind, tree in objects.items() if tree is not None}


class TokenIssuer:
    """Signs tokens. `issuer` is the first --service-account-issuer."""

    def __init__(self, issuer: str, key: PrivateKey, clock: Clock, identity: Identity) -> None:
        self.issuer = issuer
        self._key = key
        self._clock = clock
        self._identity = identity
        self._algorithm = algorithm(key)
        self._header = {"kid": key_id(key.public_key()), "typ": None}

    def claims(
        self, account: Tree, audiences: Sequence[str], seconds: int, bound: Bound | None = None, warn_after: int = 0
    ) -> dict[str, Any]:
        """All claims of a token that lives `seconds` from now (upstream: Claims). `warn_after` in seconds; 0: none."""
        now = int(self._clock.now().timestamp())
        private = {"namespace": meta.namespace(account), "serviceaccount": _reference(account), **(bound or Bound()).claims()}
        if warn_after:
            private["warnafter"] = now + warn_after
        return {
            "aud": list(audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": self.issuer,
            "jti": self._identity.uid(),
            "kubernetes.io": private,
            "nbf": now,
            "sub": service_accounts.username(meta.namespace(account), meta.name(account)),
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        return jwt.PyJWS().encode(orjson.dumps(claims, option=orjson.OPT_SORT_KEYS), self._key, self._algorithm, headers=self._header)

    def legacy(self, account: Tree, secret: Tree) -> str:
        """The content of a kubernetes.io/service-account-token secret: no audience, no expiry (upstream: LegacyClaims)."""
        prefix = "kubernetes.io/serviceaccount/"
        claims = {
            "iss": LEGACY_ISSUER,
            f"{prefix}namespace": meta.namespace(account),
            f"{prefix}secret.name": meta.name(secret),
            f"{prefix}service-account.name": meta.name(account),
            f"{prefix}service-account.uid": meta.uid(account),
            "sub": service_accounts.username(meta.namespace(account), meta.name(account)),
        }
        return self.sign(claims)


LEGACY_ISSUER = "kubernetes/serviceaccount"


def credential_id(token_id: str) -> str:
    """As it stands in a user's extra and in the audit log (upstream: CredentialIDForJTI)."""
    return f"JTI={token_id}" if token_id else ""


class KeySet:
    """The public keys that service account tokens may be signed with."""

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = {key_id(key): key for key in keys}

    def verify(self, token: str) -> dict[str, Any]:
        """The claims, if a key of the set signed them. Time, issuer and audience are the caller's to check. Raises InvalidCredentials."""
        try:
            wanted = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError:
            raise InvalidCredentials("invalid bearer token") from None
        key = self._keys.get(wanted) if wanted else None
        candidates = [key] if key else [] if wanted else list(self._keys.values())
        if not candidates:
            raise InvalidCredentials("invalid signature, no keys found")
        try:
            return _object(self._payload(token, candidates))
        except jwt.PyJWTError:
            raise InvalidCredentials("go-jose/go-jose: error in cryptographic primitive") from None

    @staticmethod
    def _payload(token: str, keys: Sequence[PublicKey]) -> bytes:
        *others, last = keys
        for key in others:
            try:
                return jwt.PyJWS().decode(token, key, [algorithm(key)])  # type: ignore[no-any-return]
            except jwt.PyJWTError:
                continue
        # The algorithm comes from the key, never from the token.
        return jwt.PyJWS().decode(token, last, [algorithm(last)])  # type: ignore[no-any-return]

    def jwks(self) -> dict[str, Any]:
        """The document at /openid/v1/jwks (media type application/jwk-set+json)."""
        return {"keys": [_jwk(identifier, key) for identifier, key in self._keys.items()]}

    def openid_configuration(self, issuer: str, jwks_uri: str) -> dict[str, Any]:
        """The document at /.well-known/openid-configuration (media type application/json)."""
        return {
            "issuer": issuer,
            "jwks_uri": jwks_uri,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({algorithm(key) for key in self._keys.values()}),
        }


def unverified_issuer(token: str) -> str | None:
    """The issuer a compact JWT names, to find its authenticator; None if it is no JWT (upstream: hasCorrectIssuer)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    issuer = claims.get("iss", "") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None


def foreign_audiences(given: Sequence[str], wanted: Sequence[str]) -> str:
    """What is said of a token that is for others."""
    token, target = (f"[{' '.join(map(quote, audiences))}]" for audiences in (given, wanted))
    return f"token audiences {token} is invalid for the target audiences {target}"


def check_times(claims: Mapping[str, Any], now: float) -> None:
    """Raises InvalidCredentials outside of nbf..exp and for tokens from the future, all with LEEWAY."""
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if claims.get(name) is not None}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in times.values()):
        raise InvalidCredentials("a time in the token is not a number")
    if now < times.get("nbf", now) - LEEWAY:
        raise InvalidCredentials("service account token is not valid yet")
    if now > times.get("exp", now) + LEEWAY:
        raise InvalidCredentials("service account token has expired")
    if now < times.get("iat", now) - LEEWAY:
        raise InvalidCredentials("service account token is issued in the future")


def _object(payload: bytes) -> dict[str, Any]:
    try:
        claims = orjson.loads(payload)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise InvalidCredentials("the claims of the token are no JSON object")
    return claims


def _reference(tree: Tree) -> dict[str, str]:
    """A node that is gone has no uid."""
    name, uid = meta.name(tree), meta.uid(tree)
    return {"name": name, "uid": uid} if uid else {"name": name}


def _jwk(identifier: str, key: PublicKey) -> dict[str, str]:
    common = {"use": "sig", "kty": "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC", "kid": identifier}
    if isinstance(key, ec.EllipticCurvePublicKey):
        size, point = (key.curve.key_size + 7) // 8, key.public_numbers()
        curve = f"P-{key.curve.key_size}"
        return {**common, "crv": curve, "alg": algorithm(key), "x": _number(point.x, size), "y": _number(point.y, size)}
    numbers = key.public_numbers()
    return {**common, "alg": algorithm(key), "n": _number(numbers.n), "e": _number(numbers.e)}


def _number(value: int, size: int = 0) -> str:
    return _base64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
