"""TokenReview: whose token is this. Upstream: pkg/registry/authentication/tokenreview."""

from __future__ import annotations

from kcompat.api import respond
from kcompat.api.actions import access_review
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.auth.interface import InvalidCredentials


async def create(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=False)
    review = await access_review.read(request, scope, "TokenReview")
    spec = review.get("spec", {})
    if not spec.get("token"):
        raise errors.bad_request("token is required for TokenReview in authentication")
    status = await _status(request, scope, spec)
    return respond.object_response(request, scope.resource, {**review, "status": status}, form, 201)


async def _status(request: Request, scope: Scope, spec: Tree) -> Tree:
    try:
        answer = await scope.services.tokens.review(spec["token"], tuple(spec.get("audiences") or ()))
    except InvalidCredentials as refusal:
        return {"user": {}, "error": str(refusal)}
    request.warnings.extend(answer.warnings)
    user: Tree = {"username": answer.user.name, "uid": answer.user.uid, "groups": list(answer.user.groups)}
    if answer.user.extra:
        user["extra"] = {key: list(values) for key, values in sorted(answer.user.extra.items())}
    status: Tree = {"authenticated": True, "user": {key: value for key, value in user.items() if value}}
    if answer.audiences:
        status["audiences"] = list(answer.audiences)
    return status
