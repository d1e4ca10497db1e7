"""LocalSubjectAccessReview: may somebody, in one namespace. Upstream: pkg/registry/authorization/localsubjectaccessreview."""

from __future__ import annotations

from kcompat.api.actions import access_review
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.field import Path, invalid

KIND = "LocalSubjectAccessReview"


async def create(request: Request, scope: Scope) -> Answer:
    review = await access_review.read(request, scope, KIND)
    spec = review.get("spec", {})
    access_review.check_one_of(spec, KIND)
    if not spec.get("user") and not spec.get("groups"):
        raise errors.invalid(access_review.GROUP, KIND, "", [invalid(Path("spec").child("user"), "", "at least one of user or group must be specified")])
    wanted = spec.get("resourceAttributes", {}).get("namespace", "")
    if wanted != scope.namespace:
        message = f"spec.resourceAttributes.namespace must match namespace: {scope.namespace}"
        raise errors.bad_request(message)
    return await access_review.answer(request, scope, review, access_review.user_of(spec))
