"""What the server writes of itself: the last use of a token that stands in a secret."""

from __future__ import annotations

from base64 import b64encode

from in_process import Api

from kcompat.auth.tokens import TokenIssuer

CORE = "/api/v1/namespaces/default"
LABEL = "kubernetes.io/legacy-token-last-used"


async def test_the_use_of_a_secrets_token_is_written_on_it_and_managed_by_the_server(api: Api) -> None:
    plane = api.control_plane
    account = await api.ok("POST", f"{CORE}/serviceaccounts", {"metadata": {"name": "a"}})
    issuer = TokenIssuer("https://issuer", plane.pki.service_account_key, plane.clock, plane.identity)
    token = issuer.legacy(account, {"metadata": {"name": "t"}})
    named = {"name": "t", "annotations": {"kubernetes.io/service-account.name": "a"}}
    made = {"metadata": named, "type": "kubernetes.io/service-account-token", "data": {"token": b64encode(token.encode()).decode()}}
    await api.ok("POST", f"{CORE}/secrets", made)
    status, answer = await api.send("GET", f"{CORE}/secrets/t", Authorization=f"Bearer {token}")
    assert (status, answer["reason"]) == (403, "Forbidden")
    secret = await api.ok("GET", f"{CORE}/secrets/t")
    assert secret["metadata"]["labels"] == {LABEL: f"{plane.clock.now():%Y-%m-%d}"}
    (entry,) = (each for each in secret["metadata"]["managedFields"] if each["manager"] == "kube-apiserver")
    assert entry["fieldsV1"] == {"f:metadata": {"f:labels": {".": {}, f"f:{LABEL}": {}}}}
