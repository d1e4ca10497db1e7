"""Tokens for joining: expired ones go, the others sign what new nodes read first."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import jwt
from memory_transport import until

from kcompat.apimachinery.clock import rfc3339
from kcompat.client.resources import CONFIG_MAPS, SECRETS
from kcompat.controllers.bootstrap_tokens import TYPE, seconds_left, signatures, signing_token

CLEANER, SIGNER = "token-cleaner-controller", "bootstrap-signer-controller"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def token(identifier="abcdef", **data):
    fields = {"token-id": identifier, "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true", **data}
    encoded = {name.replace("_", "-"): b64encode(text.encode()).decode() for name, text in fields.items()}
    return {"metadata": {"name": f"bootstrap-token-{identifier}", "namespace": "kube-system"}, "type": TYPE, "data": encoded}


def test_expiry_and_use():
    assert seconds_left(token(), NOW) is None
    assert seconds_left(token(expiration="2026-05-01T12:00:30Z"), NOW) == 30
    assert seconds_left(token(expiration="soon"), NOW) == 0
    assert signing_token(token()) == ("abcdef", "0123456789abcdef")
    assert signing_token(token(**{"usage-bootstrap-signing": "false"})) is None
    renamed = token()
    renamed["metadata"]["name"] = "bootstrap-token-other"
    assert signing_token(renamed) is None


def test_signatures_are_jws_without_payload():
    key = "0123456789abcdef0123456789abcdef"
    (detached,) = signatures("content", [("abcdef", key)]).values()
    whole = detached.replace("..", f".{urlsafe_b64encode(b'content').rstrip(b'=').decode()}.")
    assert jwt.PyJWS().decode(whole, key, ["HS256"]) == b"content"
    header = detached.partition(".")[0]
    assert urlsafe_b64decode(header + "==") == b'{"alg":"HS256","kid":"abcdef"}'


async def test_expired_tokens_go(world):
    world.cluster.put(SECRETS, token("old", expiration="2020-01-01T00:00:00Z"))
    world.cluster.put(SECRETS, token("brief", expiration=rfc3339(datetime.now(UTC) + timedelta(seconds=2))))
    world.cluster.put(SECRETS, token("lasting"))
    async with world.running(CLEANER):
        await until(lambda: [tree["metadata"]["name"] for tree in world.cluster.all(SECRETS)] == ["bootstrap-token-lasting"])


async def test_cluster_info_is_signed_with_every_token(world):
    world.cluster.put(CONFIG_MAPS, {"metadata": {"name": "cluster-info", "namespace": "kube-public"}, "data": {"kubeconfig": "k"}})

    def data():
        return world.cluster.get(CONFIG_MAPS, "kube-public", "cluster-info")["data"]

    async with world.running(SIGNER):
        world.cluster.put(SECRETS, token())
        world.cluster.put(SECRETS, token("expired", expiration="2020-01-01T00:00:00Z"))
        await until(lambda: set(data()) == {"kubeconfig", "jws-kubeconfig-abcdef"})
        world.cluster.drop(SECRETS, "kube-system", "bootstrap-token-abcdef")
        await until(lambda: set(data()) == {"kubeconfig"})
