"""Tokens made and checked with real keys: what they say, whom they are accepted from, and when they stop being good."""

from __future__ import annotations

import hmac
import random
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from memory_reader import MemoryReader, StandingClock, obj

from kcompat.apimachinery.clock import Identity
from kcompat.auth.authenticators.legacy_service_account import LegacyServiceAccountAuthenticator
from kcompat.auth.authenticators.service_account import ServiceAccountAuthenticator
from kcompat.auth.certificates import PrivateKey, new_key
from kcompat.auth.interface import InvalidCredentials
from kcompat.auth.tokens import Bound, KeySet, TokenIssuer, key_id

ISSUER = "https://kubernetes.default.svc.cluster.local"
ACCOUNT = obj("builder", "ns", uid="sa-1")
POD, SECRET, NODE = obj("pod", "ns", uid="p-1"), obj("secret", "ns", uid="s-1"), obj("node", uid="n-1")
BOUND = {"pods": POD, "secrets": SECRET, "nodes": NODE}
RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, PrivateKey] = {"ES256": new_key(), "ES384": ec.generate_private_key(ec.SECP384R1()), "RS256": RSA}


@pytest.fixture(params=list(KEYS))
def key(request: pytest.FixtureRequest) -> PrivateKey:
    return KEYS[request.param]


@pytest.fixture
def issuer(key: PrivateKey, clock: StandingClock) -> TokenIssuer:
    return TokenIssuer(ISSUER, key, clock, Identity(random.Random(1)))


@pytest.fixture
def authenticator(key: PrivateKey, reader: MemoryReader, clock: StandingClock) -> ServiceAccountAuthenticator:
    for resource, tree in {"serviceaccounts": ACCOUNT, **BOUND}.items():
        reader.put("", resource, tree)
    return ServiceAccountAuthenticator([ISSUER], KeySet([new_key().public_key(), key.public_key()]), [ISSUER, "api"], reader, clock)


def header(token: str) -> Any:
    part = token.split(".")[0]
    return orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_claims_are_upstreams(issuer: TokenIssuer, key: PrivateKey, clock: StandingClock) -> None:
    claims = issuer.claims(ACCOUNT, ["api"], 600, Bound(pod=POD, node=NODE), warn_after=60)
    now = int(clock.now().timestamp())
    assert claims.pop("jti")
    assert claims == {
        "aud": ["api"],
        "exp": now + 600,
        "iat": now,
        "iss": ISSUER,
        "kubernetes.io": {
            "namespace": "ns",
            "node": {"name": "node", "uid": "n-1"},
            "pod": {"name": "pod", "uid": "p-1"},
            "serviceaccount": {"name": "builder", "uid": "sa-1"},
            "warnafter": now + 60,
        },
        "nbf": now,
        "sub": "system:serviceaccount:ns:builder",
    }
    algorithm = next(name for name, candidate in KEYS.items() if candidate is key)
    assert header(issuer.sign(claims)) == {"alg": algorithm, "kid": key_id(key.public_key())}


async def test_a_token_is_its_service_account(issuer: TokenIssuer, authenticator: ServiceAccountAuthenticator) -> None:
    claims = issuer.claims(ACCOUNT, ["api", "other"], 600, Bound(pod=POD, node=NODE))
    answer = await authenticator.authenticate_token(issuer.sign(claims), ())
    assert answer is not None and answer.audiences == ("api",)
    assert (answer.user.name, answer.user.uid) == ("system:serviceaccount:ns:builder", "sa-1")
    assert answer.user.groups == ("system:serviceaccounts", "system:serviceaccounts:ns")
    assert answer.user.extra == {
        "authentication.kubernetes.io/credential-id": (f"JTI={claims['jti']}",),
        "authentication.kubernetes.io/node-name": ("node",),
        "authentication.kubernetes.io/node-uid": ("n-1",),
        "authentication.kubernetes.io/pod-name": ("pod",),
        "authentication.kubernetes.io/pod-uid": ("p-1",),
    }


async def test_audiences_must_be_shared(issuer: TokenIssuer, authenticator: ServiceAccountAuthenticator) -> None:
    token = issuer.sign(issuer.claims(ACCOUNT, ["vault"], 600))
    answer = await authenticator.authenticate_token(token, ["vault", "x"])
    assert answer is not None and answer.audiences == ("vault",)
    for wanted in ((), ("x",)):
        with pytest.raises(InvalidCredentials, match="audiences"):
            await authenticator.authenticate_token(token, wanted)


@pytest.mark.parametrize(("seconds", "good"), [(-61, False), (-60, True), (600, True), (660, True), (661, False)])
async def test_the_lifetime_has_a_minute_of_leeway(
    issuer: TokenIssuer, authenticator: ServiceAccountAuthenticator, clock: StandingClock, seconds: int, good: bool
) -> None:
    token = issuer.sign(issuer.claims(ACCOUNT, ["api"], 600))
    clock.advance(seconds=seconds)
    if good:
        assert await authenticator.authenticate_token(token, ())
    else:
        with pytest.raises(InvalidCredentials, match=r"expired|not valid yet"):
            await authenticator.authenticate_token(token, ())


@pytest.mark.parametrize("resource", ["serviceaccounts", "pods", "secrets", "nodes"])
@pytest.mark.parametrize("fate", ["deleted", "replaced", "terminating"])
async def test_a_token_dies_with_what_it_is_bound_to(
    issuer: TokenIssuer, authenticator: ServiceAccountAuthenticator, reader: MemoryReader, clock: StandingClock, resource: str, fate: str
) -> None:
    bound = Bound(**{resource.removesuffix("s"): BOUND[resource]}) if resource in BOUND else None
    token = issuer.sign(issuer.claims(ACCOUNT, ["api"], 600, bound))
    assert await authenticator.authenticate_token(token, ())
    tree = BOUND.get(resource, ACCOUNT)
    metadata = tree["metadata"]
    if fate == "deleted":
        reader.delete("", resource, metadata.get("namespace", ""), metadata["name"])
    elif fate == "replaced":
        reader.put("", resource, {"metadata": {**metadata, "uid": "another"}})
    else:
        reader.put("", resource, {"metadata": {**metadata, "deletionTimestamp": "2026-01-01T00:00:00Z"}})
        assert await authenticator.authenticate_token(token, ())  # for a minute yet
        clock.advance(seconds=61)
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate_token(token, ())


async def test_the_node_of_a_pods_token_may_go(
    issuer: TokenIssuer, authenticator: ServiceAccountAuthenticator, reader: MemoryReader
) -> None:
    token = issuer.sign(issuer.claims(ACCOUNT, ["api"], 600, Bound(pod=POD, node=NODE)))
    reader.delete("", "nodes", "", "node")
    assert await authenticator.authenticate_token(token, ())


def with_hmac(head: dict[str, str], payload: bytes, secret: bytes) -> str:
    """The public key taken for a shared secret: the classic confusion of algorithms."""
    signed = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (orjson.dumps(head), payload))
    return (signed + b"." + urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")).decode()


async def test_forgeries_are_refused(issuer: TokenIssuer, authenticator: ServiceAccountAuthenticator, key: PrivateKey) -> None:
    claims = issuer.claims(ACCOUNT, ["api"], 600)
    payload, identifier = orjson.dumps(claims), key_id(key.public_key())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = issuer.sign(claims)
    forged = [
        with_hmac({"alg": "HS256", "kid": identifier}, payload, public),
        with_hmac({"alg": "HS256"}, payload, public),
        jwt.PyJWS().encode(payload, None, "none", {"kid": identifier}),
        jwt.PyJWS().encode(payload, new_key(), "ES256", {"kid": identifier}),
        jwt.PyJWS().encode(payload, new_key(), "ES256", {"kid": "unknown"}),
        jwt.PyJWS().encode(payload, new_key(), "ES256"),
        good[:-8] + "AAAAAAA" + good[-1],
        ".".join((*good.split(".")[:2], "")),
    ]
    for token in forged:
        with pytest.raises(InvalidCredentials):
            await authenticator.authenticate_token(token, ())


async def test_a_token_without_key_id_is_tried_with_every_key(authenticator: ServiceAccountAuthenticator, issuer: TokenIssuer) -> None:
    token = jwt.PyJWS().encode(orjson.dumps(issuer.claims(ACCOUNT, ["api"], 600)), issuer._key, issuer._algorithm)
    assert await authenticator.authenticate_token(token, ())


@pytest.mark.parametrize("token", ["", "abc", "a.b", "a.b.c", "e30.e30.e30", "é.é.é", "a.W10.c", "..", "a" * 10000])
async def test_what_is_no_token_of_ours_is_left_to_others(authenticator: ServiceAccountAuthenticator, token: str) -> None:
    assert await authenticator.authenticate_token(token, ()) is None


@pytest.mark.parametrize("change", [{"exp": "soon"}, {"nbf": True}, {"kubernetes.io": []}, {"kubernetes.io": {"serviceaccount": "x"}}])
async def test_signed_nonsense_is_refused(authenticator: ServiceAccountAuthenticator, issuer: TokenIssuer, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate_token(issuer.sign({**issuer.claims(ACCOUNT, ["api"], 600), **change}), ())


async def test_another_issuers_token_is_left_to_others(
    authenticator: ServiceAccountAuthenticator, key: PrivateKey, clock: StandingClock
) -> None:
    other = TokenIssuer("https://elsewhere", key, clock, Identity())
    assert await authenticator.authenticate_token(other.sign(other.claims(ACCOUNT, ["api"], 600)), ()) is None


def test_published_keys_verify_our_tokens(issuer: TokenIssuer, key: PrivateKey) -> None:
    keys = KeySet([key.public_key()])
    token = issuer.sign(issuer.claims(ACCOUNT, ["api"], 600))
    published = jwt.PyJWKSet.from_dict(keys.jwks())[header(token)["kid"]]
    assert jwt.PyJWS().decode(token, published.key, [header(token)["alg"]])
    assert keys.openid_configuration(ISSUER, f"{ISSUER}/openid/v1/jwks") == {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [header(token)["alg"]],
    }


@pytest.fixture
def held(issuer: TokenIssuer, reader: MemoryReader) -> str:
    token = issuer.legacy(ACCOUNT, SECRET)
    reader.put("", "serviceaccounts", ACCOUNT)
    reader.put("", "secrets", {**SECRET, "data": {"token": b64encode(token.encode()).decode()}})
    return token


async def test_a_secrets_token_is_its_service_account(key: PrivateKey, reader: MemoryReader, clock: StandingClock, held: str) -> None:
    legacy = LegacyServiceAccountAuthenticator(KeySet([key.public_key()]), ["api"], reader, clock)
    answer = await legacy.authenticate_token(held, ())
    assert answer is not None and answer.audiences == ("api",)
    assert (answer.user.name, answer.user.uid) == ("system:serviceaccount:ns:builder", "sa-1")
    with pytest.raises(InvalidCredentials):
        await legacy.authenticate_token(held, ["other"])


@pytest.mark.parametrize(
    ("resource", "tree"),
    [
        ("secrets", None),
        ("serviceaccounts", None),
        ("secrets", {**SECRET, "data": {"token": b64encode(b"another").decode()}}),
        ("secrets", {**SECRET, "data": {"token": "not base64"}}),
        ("serviceaccounts", obj("builder", "ns", uid="another")),
        ("serviceaccounts", {"metadata": {**ACCOUNT["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}),
    ],
)
async def test_a_secrets_token_dies_with_either(
    key: PrivateKey, reader: MemoryReader, clock: StandingClock, held: str, resource: str, tree: dict[str, Any] | None
) -> None:
    if tree is None:
        reader.delete("", resource, "ns", {"secrets": "secret", "serviceaccounts": "builder"}[resource])
    else:
        reader.put("", resource, tree)
    keys = KeySet([key.public_key()])
    with pytest.raises(InvalidCredentials):
        await LegacyServiceAccountAuthenticator(keys, ["api"], reader, clock).authenticate_token(held, ())
    assert await LegacyServiceAccountAuthenticator(keys, ["api"], reader, clock, lookup=False).authenticate_token(held, ())


async def test_a_token_marked_invalid_is_refused(key: PrivateKey, reader: MemoryReader, clock: StandingClock, held: str) -> None:
    secret = await reader.get("", "secrets", "ns", "secret")
    assert secret is not None
    labels = {"kubernetes.io/legacy-token-invalid-since": "2026-01-01"}
    reader.put("", "secrets", {**secret, "metadata": {**secret["metadata"], "labels": labels}})
    with pytest.raises(InvalidCredentials, match="marked invalid"):
        await LegacyServiceAccountAuthenticator(KeySet([key.public_key()]), ["api"], reader, clock).authenticate_token(held, ())


async def test_the_day_of_a_tokens_last_use_stands_on_its_secret(key: PrivateKey, reader: MemoryReader, clock: StandingClock, held: str) -> None:
    written: list[tuple[str, str]] = []

    async def label(secret: Mapping[str, Any], name: str, value: str) -> None:
        written.append((name, value))
        reader.put("", "secrets", {**secret, "metadata": {**secret["metadata"], "labels": {name: value}}})

    legacy = LegacyServiceAccountAuthenticator(KeySet([key.public_key()]), ["api"], reader, clock, label)
    for _ in range(2):
        answer = await legacy.authenticate_token(held, ())
        assert answer is not None and answer.warnings == ()
    assert written == [("kubernetes.io/legacy-token-last-used", f"{clock.now():%Y-%m-%d}")]


async def test_a_token_that_nobody_asked_for_comes_with_a_warning(key: PrivateKey, reader: MemoryReader, clock: StandingClock, held: str) -> None:
    reader.put("", "serviceaccounts", {**ACCOUNT, "secrets": [{"name": "secret"}]})
    legacy = LegacyServiceAccountAuthenticator(KeySet([key.public_key()]), ["api"], reader, clock)
    answer = await legacy.authenticate_token(held, ())
    assert answer is not None and answer.warnings[0].startswith("Use tokens from the TokenRequest API")
