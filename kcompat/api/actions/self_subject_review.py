"""SelfSubjectReview: who am I. Upstream: pkg/registry/authentication/selfsubjectreview."""

from __future__ import annotations

from kcompat.api import respond
from kcompat.api.actions import access_review
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery.clock import rfc3339


async def create(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=False)
    review = await access_review.read(request, scope, "SelfSubjectReview")
    answer = {  # nothing of what was sent comes back
        "kind": review["kind"],
        "apiVersion": review["apiVersion"],
        "metadata": {"creationTimestamp": rfc3339(scope.services.clock.now())},
        "status": {"userInfo": user_document(request)},
    }
    return respond.object_response(request, scope.resource, answer, form, 201)


def user_document(request: Request) -> Tree:
    user = request.user
    document: Tree = {"username": user.name}
    if user.uid:
        document["uid"] = user.uid
    if user.groups:
        document["groups"] = list(user.groups)
    if user.extra:
        document["extra"] = {key: list(values) for key, values in sorted(user.extra.items())}
    return document
