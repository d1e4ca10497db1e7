"""Approves kubelets' requests for client certificates when who asks may have them (upstream: pkg/controller/certificates/approver)."""

from __future__ import annotations

import logging

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.controllers import certificate_requests as requests
from kcompat.controllers.certificate_requests import ACCOUNT, CERTIFICATE_SIGNING_REQUESTS
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, status_of

log = logging.getLogger(__name__)

REVIEWS = ResourceType("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False)
_MESSAGES = {
    "selfnodeclient": "Auto approving self kubelet client certificate after SubjectAccessReview.",
    "nodeclient": "Auto approving kubelet client certificate after SubjectAccessReview.",
}
"""By the subresource of certificatesigningrequests that the requester must be allowed to create."""


def recognized(request: Tree) -> list[str]:
    """The permissions of which one is enough for this request; none: it is not for us to decide. Raises ValueError."""
    spec = spec_of(request)
    if spec["signerName"] != requests.KUBELET_CLIENT:
        return []
    who = requests.names(requests.parse(request))
    if requests.kubelet_client_problem(who, spec.get("usages") or ()):
        return []
    return ["selfnodeclient", "nodeclient"] if spec.get("username", "") == who.common_name else ["nodeclient"]


def review(request: Tree, permission: str) -> Tree:
    spec = spec_of(request)
    attributes = {"group": "certificates.k8s.io", "resource": "certificatesigningrequests", "verb": "create", "subresource": permission, "version": "*"}
    user = {"user": spec.get("username", ""), "uid": spec.get("uid", ""), "groups": spec.get("groups") or [], "extra": spec.get("extra") or {}}
    return {"metadata": {}, "spec": {**user, "resourceAttributes": attributes}}


@controller("certificatesigningrequest-approving-controller", account=ACCOUNT, workers=5)
class CertificateApprovingController:
    """Keys are names of requests."""

    def __init__(self, context: Context) -> None:
        self._client = context.client.of(CERTIFICATE_SIGNING_REQUESTS)
        self._reviews = context.client.of(REVIEWS)
        self._requests = context.watch(CERTIFICATE_SIGNING_REQUESTS, context.enqueue)

    async def reconcile(self, key: str) -> None:
        request = self._requests.by_key(key)
        if request is None or status_of(request).get("certificate") or requests.is_decided(request):
            return
        try:
            permissions = recognized(request)
        except ValueError as error:
            log.warning("unable to parse csr %s: %s", key, error)
            raise Requeue from error
        for permission in permissions:
            if (await self._reviews.create(review(request, permission)))["status"].get("allowed"):
                await self._approve(request, _MESSAGES[permission])
                return
        if permissions:  # who asks may be allowed to later
            raise Requeue

    async def _approve(self, request: Tree, message: str) -> None:
        condition = {"type": "Approved", "status": "True", "reason": "AutoApproved", "message": message}
        status = {**status_of(request), "conditions": [*requests.conditions(request), condition]}
        await self._client.put(meta.name(request), "approval", {**request, "status": status})
