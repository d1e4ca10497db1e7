"""Secrets that hold tokens of service accounts: filled, removed with the account, retired when nobody uses them."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from memory_transport import until

from kcompat.client.http import HttpTransport
from kcompat.client.kubeconfig import Connection
from kcompat.client.resources import CONFIG_MAPS, PODS, SECRETS, SERVICE_ACCOUNTS
from kcompat.controllers.legacy_token_cleaner import is_unused, parse_day
from kcompat.controllers.service_account_token import wanted_data

NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CLEANER = "legacy-serviceaccount-token-cleaner-controller"


def secret(name="token", account="robot"):
    metadata = {"name": name, "namespace": "default", "annotations": {NAME: account}}
    return {"metadata": metadata, "type": "kubernetes.io/service-account-token"}


def test_what_a_secret_lacks():
    tree = {"metadata": {"namespace": "shop"}, "data": {}}
    assert wanted_data(tree, "") == {"namespace": "c2hvcA=="}
    assert wanted_data({**tree, "data": {"namespace": "eA==", "ca.crt": "b2xk"}}, "new") == {"ca.crt": "bmV3"}
    assert wanted_data({**tree, "data": {"namespace": "eA==", "ca.crt": "bmV3"}}, "new") == {}


async def test_a_token_that_works_while_its_account_is_there(plane, admin):
    account = await admin.create(SERVICE_ACCOUNTS, {"metadata": {"name": "robot", "namespace": "default"}})
    await admin.create(SECRETS, secret())
    filled = await admin.becomes(SECRETS, "token", lambda tree: "token" in tree.get("data", {}), "default")
    assert filled["metadata"]["annotations"][UID] == account["metadata"]["uid"]
    assert b64decode(filled["data"]["namespace"]) == b"default" and b"BEGIN CERTIFICATE" in b64decode(filled["data"]["ca.crt"])
    token = b64decode(filled["data"]["token"]).decode()
    assert jwt.decode(token, options={"verify_signature": False})["iss"] == "kubernetes/serviceaccount"
    transport = HttpTransport(Connection(plane.url, token=token, ca=plane.pki.ca.certificate_pem))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    answer = await transport.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)
    assert answer.tree["status"]["userInfo"]["username"] == "system:serviceaccount:default:robot"
    await transport.close()
    await admin.client.of(SERVICE_ACCOUNTS).delete("robot", "default")
    await admin.goes(SECRETS, "token", "default")


async def test_tokens_of_nobody_go_and_the_account_forgets_deleted_ones(plane, admin):
    await admin.create(SECRETS, secret("orphan", "nobody"))
    await admin.goes(SECRETS, "orphan", "default")
    listed = {"metadata": {"name": "robot", "namespace": "default"}, "secrets": [{"name": "token"}, {"name": "other"}]}
    await admin.create(SERVICE_ACCOUNTS, listed)
    await admin.create(SECRETS, secret())
    await admin.becomes(SECRETS, "token", lambda tree: "token" in tree.get("data", {}), "default")
    await admin.client.of(SECRETS).delete("token", "default")
    await admin.becomes(SERVICE_ACCOUNTS, "robot", lambda tree: tree["secrets"] == [{"name": "other"}], "default")


@pytest.mark.parametrize(
    ("made", "used", "unused"),
    [
        ("2024-01-01", None, True),
        ("2026-04-30", None, False),
        ("2024-01-01", "2024-06-01", True),
        ("2024-01-01", "2026-04-30", False),
        ("2024-01-01", "2025-05-01", False),
        ("2024-01-01", "long ago", False),
    ],
)
def test_unused(made, used, unused):
    labels = {"kubernetes.io/legacy-token-last-used": used} if used else {}
    tree = {"metadata": {"creationTimestamp": f"{made}T00:00:00Z", "labels": labels}}
    assert is_unused(tree, NOW - timedelta(days=365)) is unused


def test_days():
    assert str(parse_day("2026-05-01")) == "2026-05-01"
    assert parse_day("2026-5-1") is parse_day(None) is parse_day("2026-13-01") is None


async def test_old_tokens_are_marked_then_deleted(world):
    tracking = {"metadata": {"name": "kube-apiserver-legacy-service-account-token-tracking", "namespace": "kube-system"}}
    world.cluster.put(CONFIG_MAPS, {**tracking, "data": {"since": "2020-01-01"}})
    names = ["idle", "mounted", "handmade", "marked"]
    for name in names:
        tree = secret(name)
        tree["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
        if name == "marked":
            tree["metadata"]["labels"] = {"kubernetes.io/legacy-token-invalid-since": "2021-01-01"}
        world.cluster.put(SECRETS, tree)
    listed = [{"name": name} for name in names if name != "handmade"]
    world.cluster.put(SERVICE_ACCOUNTS, {"metadata": {"name": "robot", "namespace": "default"}, "secrets": listed})
    volumes = [{"name": "v", "secret": {"secretName": "mounted"}}]
    world.cluster.put(PODS, {"metadata": {"name": "p", "namespace": "default"}, "spec": {"volumes": volumes}})

    def labels(name):
        found = world.cluster.get(SECRETS, "default", name)
        return None if found is None else found["metadata"].get("labels") or {}

    async with world.running(CLEANER):
        await until(lambda: labels("marked") is None and labels("idle"))
        assert labels("idle") == {"kubernetes.io/legacy-token-invalid-since": datetime.now(UTC).strftime("%Y-%m-%d")}
        assert labels("mounted") == labels("handmade") == {}
