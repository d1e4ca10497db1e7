"""Claims to devices have admin access only in namespaces that are marked for it."""

from __future__ import annotations

import pytest
from in_process import Api

FORBIDDEN = "admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace"


def claim() -> dict[str, object]:
    requests = [{"name": "r", "exactly": {"deviceClassName": "c"}}, {"name": "a", "exactly": {"deviceClassName": "c", "adminAccess": True}}]
    return {"metadata": {"name": "one"}, "spec": {"devices": {"requests": requests}}}


@pytest.mark.parametrize(("label", "allowed"), [("true", True), ("false", False)])
async def test_a_claim_asks(api: Api, label: str, allowed: bool) -> None:
    await api.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "marked", "labels": {"resource.kubernetes.io/admin-access": label}}})
    root = "/apis/resource.k8s.io/v1/namespaces/marked"
    template = {"metadata": {"name": "one"}, "spec": {"spec": claim()["spec"]}}
    for plural, body in (("resourceclaims", claim()), ("resourceclaimtemplates", template)):
        status, answer = await api.send("POST", f"{root}/{plural}", body)
        assert status == (201 if allowed else 422)
        if not allowed:
            assert answer["details"]["causes"] == [
                {"reason": "FieldValueForbidden", "message": f"Forbidden: {FORBIDDEN}", "field": "spec.devices.requests[1].adminAccess"}
            ]
