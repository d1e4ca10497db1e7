"""Metadata of what is created and never stored: reviews and token requests, as a kube-apiserver 1.37 answers."""

from __future__ import annotations

import pytest
from in_process import Api

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
LOCAL = "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
SPEC = {"user": "bob", "resourceAttributes": {"namespace": "default", "verb": "get", "resource": "pods"}}


@pytest.mark.parametrize("metadata", [{"uid": "u"}, {"creationTimestamp": "2026-01-01T00:00:00Z"}])
async def test_system_fields_of_a_review_are_wiped(api: Api, metadata: dict[str, str]) -> None:
    answer = await api.ok("POST", REVIEWS, {"metadata": metadata, "spec": SPEC})
    assert answer["metadata"].keys() == {"managedFields"}


async def test_other_metadata_of_a_review_is_refused(api: Api) -> None:
    status, answer = await api.send("POST", LOCAL, {"metadata": {"labels": {"a": "b"}}, "spec": SPEC})
    assert status == 422
    assert answer["message"].startswith('.authorization.k8s.io "" is invalid: metadata: Invalid value: {"namespace":"default","labels":{"a":"b"},')
    assert answer["message"].endswith(": must be empty except for namespace")


async def test_a_token_request_keeps_its_metadata_and_must_name_the_account_it_means(api: Api) -> None:
    account = await api.ok("POST", ACCOUNTS, {"metadata": {"name": "a"}})
    answer = await api.ok("POST", f"{ACCOUNTS}/a/token", {"metadata": {"annotations": {"x": "y"}}, "spec": {}})
    assert answer["metadata"]["annotations"] == {"x": "y"}
    assert (answer["metadata"]["name"], answer["metadata"]["uid"]) == ("a", account["metadata"]["uid"])
    status, answer = await api.send("POST", f"{ACCOUNTS}/a/token", {"metadata": {"uid": "other"}, "spec": {}})
    assert status == 409
    assert f"(other) does not match the UID of the service account ({account['metadata']['uid']})" in answer["message"]
