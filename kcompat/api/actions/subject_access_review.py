"""SubjectAccessReview: may somebody. Upstream: pkg/registry/authorization/subjectaccessreview."""

from __future__ import annotations

from kcompat.api.actions import access_review
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.field import Path, invalid


async def create(request: Request, scope: Scope) -> Answer:
    review = await access_review.read(request, scope, "SubjectAccessReview")
    spec = review.get("spec", {})
    access_review.check_one_of(spec, "SubjectAccessReview")
    if not spec.get("user") and not spec.get("groups"):
        found = [invalid(Path("spec").child("user"), "", "at least one of user or group must be specified")]
        raise errors.invalid(access_review.GROUP, "SubjectAccessReview", "", found)
    return await access_review.answer(request, scope, review, access_review.user_of(spec))
