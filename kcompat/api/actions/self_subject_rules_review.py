"""SelfSubjectRulesReview: all I may do in a namespace. Upstream: pkg/registry/authorization/selfsubjectrulesreview."""

from __future__ import annotations

from kcompat.api import respond
from kcompat.api.actions import access_review
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors


async def create(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=False)
    review = await access_review.read(request, scope, "SelfSubjectRulesReview")
    namespace = review.get("spec", {}).get("namespace", "")
    if not namespace:
        raise errors.bad_request("no namespace on request")
    resources, paths, incomplete, problem = await scope.services.authorizer.rules_for(request.user, namespace)
    status: Tree = {"resourceRules": list(resources), "nonResourceRules": list(paths), "incomplete": incomplete}
    if problem:
        status["evaluationError"] = problem
    answer = {"kind": review["kind"], "apiVersion": review["apiVersion"], "metadata": {}, "spec": {}, "status": status}
    return respond.object_response(request, scope.resource, answer, form, 201)
