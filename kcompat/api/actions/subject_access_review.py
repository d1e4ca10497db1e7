"""SubjectAccessReview: may somebody. Upstream: pkg/registry/authorization/subjectaccessreview."""

from __future__ import annotations

from kcompat.api.actions import access_review
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope


async def create(request: Request, scope: Scope) -> Answer:
    review = await access_review.read(request, scope, "SubjectAccessReview")
    access_review.check(review)
    return await access_review.answer(request, scope, review, access_review.user_of(review["spec"]))
