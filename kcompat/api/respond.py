"""Answers in the form the client asked for. Called by the verbs and the pipeline.

Upstream: apiserver endpoints/handlers/{response,responsewriters}.
"""

from __future__ import annotations

from typing import Any

from kcompat.api import negotiate
from kcompat.api.negotiate import JSON, PROTOBUF, YAML, Output
from kcompat.api.request import Request, Response, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors, go_json
from kcompat.apimachinery.quote import quote
from kcompat.auth.authorization import forbidden
from kcompat.auth.interface import AuthorizationAttributes
from kcompat.registry.declare import Resource
from kcompat.registry.store import Entry

_SANITIZED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CONTENT_TYPES = {JSON: JSON, YAML: YAML, PROTOBUF: PROTOBUF}


def output(request: Request, *, transforms: bool = True, stream: bool = False, tables: bool = True) -> Output:
    """What form this request wants; tables False: what is never stored is not shown in them. Raises NotAcceptable."""
    accept = request.headers.get("Accept", "")
    if transforms and accept:
        watchable = request.info.verb in ("list", "watch") and not request.info.name
        negotiate.check_route(accept, negotiate.SUPPORTED + (negotiate.STREAMS if watchable else ()))
    return negotiate.negotiate(accept, not stream and pretty(request), transforms, stream, tables)


def pretty(request: Request) -> bool:
    """Whether a person reads the answer."""
    query = request.query
    return negotiate.wants_pretty(query.get("pretty") if query.raw else "", request.headers.get("User-Agent", ""))


def encode(tree: Any, form: Output) -> bytes:
    """A tree as bytes: JSON (a line, or if pretty indented by two spaces and without a newline at its end), YAML or protobuf."""
    if form.media_type == PROTOBUF:
        from kcompat.apimachinery import protobuf

        return protobuf.encode(tree, tree.get("apiVersion", "v1"), tree["kind"])
    if form.media_type == YAML:
        from kcompat.apimachinery import yaml

        return yaml.dump(tree)
    if form.pretty:
        return go_json.dumps(tree, pretty=True)
    return go_json.dumps(tree) + b"\n"


def tree_response(request: Request, tree: Any, form: Output, status: int = 200) -> Response:
    """Any document."""
    if request.local:
        return Response(status, tree=tree)
    return Response(status, encode(tree, form), _CONTENT_TYPES[form.media_type])


def entry_response(request: Request, scope: Scope, entry: Entry, form: Output, status: int = 200) -> Response:
    """One stored object; its stored bytes as they are whenever possible."""
    convert = scope.resource.from_storage
    if request.local:
        return Response(status, tree=convert(entry.peek()) if convert else entry.peek())
    if form.plain and convert is None:
        return Response(status, entry.body + b"\n")
    tree = entry.peek()
    return object_response(request, scope.resource, convert(tree) if convert else tree, form, status)


def object_response(request: Request, resource: Resource, tree: Tree, form: Output, status: int = 200) -> Response:
    """One object in the served version, transformed if asked."""
    if form.transform:
        from kcompat.api import table

        tree = table.transform_object(request, resource, tree, form)
    return tree_response(request, tree, form, status)


def error_response(request: Request, error: errors.StatusError) -> Response:
    """A Status; in the form asked for if that is possible."""
    try:
        form = output(request, transforms=False)
    except errors.StatusError:
        form = Output(pretty=True)
    if error.code == 404 and error.reason == "" and not error.message:
        return page_not_found()
    response = tree_response(request, error.status(), form, error.code)
    response.headers.update(error.headers)
    return response


def refused(asked: AuthorizationAttributes, reason: str) -> errors.StatusError:
    """The 403 of the authorization and impersonation stages (responsewriters/errors.go:Forbidden)."""
    return _unsniffed(forbidden(asked, reason))


def bad_headers(message: str) -> errors.StatusError:
    """The 400 of the impersonation stage."""
    return _unsniffed(errors.bad_request(message))


def _unsniffed(error: errors.StatusError) -> errors.StatusError:
    error.headers["X-Content-Type-Options"] = "nosniff"
    return error


def too_many_requests(retry_after: int) -> Response:
    """Overload (filters/priority-and-fairness.go:tooManyRequests)."""
    headers = {"Retry-After": str(retry_after), "X-Content-Type-Options": "nosniff"}
    return Response(429, b"Too many requests, please try again later.\n", "text/plain; charset=utf-8", headers)


def internal_error(request: Request, why: str, headers: dict[str, str]) -> Response:
    """What fails before there is anything to say it in (responsewriters/errors.go:InternalError)."""
    target = request.path + (f"?{request.query.raw}" if request.query.raw else "")
    text = f"Internal Server Error: {quote(target)}: {why}, {target}".translate(_SANITIZED) + "\n"
    return Response(500, text.encode(), "text/plain; charset=utf-8", {"X-Content-Type-Options": "nosniff", **headers})


def timed_out() -> Response:
    """A Status that no codec has seen (filters/timeout.go:baseTimeoutWriter.timeout)."""
    status = errors.timeout("request did not complete within the allotted timeout", 0).status()
    bare = {name: value for name, value in status.items() if name not in ("kind", "apiVersion")}
    return Response(504, go_json.dumps(bare) + b"\n", "text/plain; charset=utf-8")


def page_not_found() -> Response:
    """A path nobody serves."""
    return Response(404, b"404 page not found\n", "text/plain; charset=utf-8", {"X-Content-Type-Options": "nosniff"})
