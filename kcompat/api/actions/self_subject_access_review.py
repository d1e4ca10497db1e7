"""SelfSubjectAccessReview: may I. Upstream: pkg/registry/authorization/selfsubjectaccessreview."""

from __future__ import annotations

from kcompat.api.actions import access_review
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope


async def create(request: Request, scope: Scope) -> Answer:
    review = await access_review.read(request, scope, "SelfSubjectAccessReview")
    access_review.check(review, somebody=False)
    return await access_review.answer(request, scope, review, request.user)
