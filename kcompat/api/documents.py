"""What is served besides resources: discovery, OpenAPI, version, health, metrics, service account keys, the index of paths.

Called by the pipeline's last stage for requests that are not on a resource.
"""

from __future__ import annotations

import asyncio
from typing import Any

from kcompat.api import discovery, health, negotiate, respond, routes
from kcompat.api.metrics import METRICS
from kcompat.api.negotiate import JSON, Output
from kcompat.api.request import Request, Response
from kcompat.api.scope import Services
from kcompat.apimachinery import errors, go_json
from kcompat.version import __version__

Tree = dict[str, Any]
_HEALTH = ("livez", "readyz", "healthz")
_EXACT = (*_HEALTH, "", "openapi", "metrics", "index.html", "debug")
"""Where a slash at the end is another path."""
_KEYS = "application/jwk-set+json"
_OPENAPI_V2_PROTOBUF = (
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
)
_VARY_V2 = "Accept-Encoding, Accept"


async def handle(request: Request, services: Services) -> Response:
    """Raises NotFound, MethodNotAllowed, NotAcceptable."""
    parts = routes.split(request.path)
    first = parts[0] if parts else ""
    if request.path.endswith("/") and request.path != "/" and first in _EXACT:
        return Response(404, b"", "") if parts == ["openapi", "v3"] else respond.page_not_found()
    if first in _HEALTH:
        return await health.answer(request, first, services.settings["health_checks"], "/".join(parts[1:]))
    if first == "openapi" and parts[1:]:
        return await _openapi(request, services, parts[1:])
    document = _document(request, services, parts)
    if document is None:
        raise errors.StatusError(404, "", "")
    return document


def _document(request: Request, services: Services, parts: list[str]) -> Response | None:
    match parts:
        case [] | ["index.html"]:
            return respond.tree_response(request, {"paths": _paths(services)}, Output(pretty=True))
        case ["version", *more]:
            if more:
                raise routes.no_such_resource()
            _only(request, JSON)
            return respond.tree_response(request, version(), Output(pretty=True))
        case ["debug", "api_priority_and_fairness", name] if services.flow_control is not None:
            from kcompat.api.flow_control.dumps import dump

            text = dump(services.flow_control, name, "includeRequestDetails" in request.query and bool(request.query.get("includeRequestDetails")))
            return Response(200, text.encode(), "text/plain; charset=utf-8") if text is not None else None
        case ["metrics"]:
            return Response(200, METRICS.text(), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
        case ["api"]:
            return _aggregated(request, services, core=True) or _core(request, services)
        case ["apis"]:
            return _aggregated(request, services, core=False) or _in_form(request, discovery.group_list(services.catalog))
        case ["api", name]:
            return _resources(request, services, "", name)
        case ["apis", group]:
            return _group(request, services, group)
        case ["apis", group, name]:
            return _resources(request, services, group, name)
        case [".well-known", "openid-configuration"]:
            return _public(request, services.tokens.openid_configuration(), JSON)
        case ["openid", "v1", "jwks"]:
            return _public(request, services.tokens.jwks(), _KEYS)
    return None


def _only(request: Request, *offered: str) -> None:
    """What upstream's router asks of a request: GET, and an Accept it can serve. Raises MethodNotAllowed, NotAcceptable."""
    if request.method != "GET":
        raise routes.no_such_method()
    negotiate.check_route(request.headers.get("Accept", ""), offered)


def _in_form(request: Request, document: Tree) -> Response:
    return respond.tree_response(request, document, respond.output(request, transforms=False))


def _public(request: Request, document: Tree, content_type: str) -> Response:
    """Of the service account issuer: for an hour, for everybody."""
    _only(request, content_type)
    return Response(200, go_json.dumps(document), content_type, {"Cache-Control": "public, max-age=3600"})


def version() -> Tree:
    """/version"""
    from platform import machine, python_version, system

    return {
        "major": "1",
        "minor": "37",
        "emulationMajor": "1",
        "emulationMinor": "37",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "36",
        "gitVersion": f"v1.37.1+kcompat.{__version__}",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{python_version()}",
        "compiler": "cpython",
        "platform": f"{system().lower()}/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine(), machine()) }",
    }


def _core(request: Request, services: Services) -> Response:
    _only(request, *negotiate.SUPPORTED)
    return _in_form(request, discovery.core_versions(services.settings["advertise_address"]))


def _aggregated(request: Request, services: Services, core: bool) -> Response | None:
    """The aggregated form, if it is asked for at all."""
    media_type = discovery.aggregated_type(request.headers.get("Accept", ""))
    if not media_type:
        return None
    document = discovery.aggregated(services.catalog, core)
    tag = f'"{discovery.etag(document)}"'
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "public"}
    if request.headers.get("If-None-Match") == tag:
        return Response(304, b"", "", headers)
    response = respond.tree_response(request, document, Output(media_type, pretty=respond.pretty(request)))
    response.content_type = f"{media_type};{discovery.AGGREGATED}"
    response.headers.update(headers)
    return response


def _group(request: Request, services: Services, group: str) -> Response | None:
    if not services.catalog.versions(group):
        return None
    return _in_form(request, {"kind": "APIGroup", "apiVersion": "v1", **discovery.group(services.catalog, group)})


def _resources(request: Request, services: Services, group: str, version_name: str) -> Response | None:
    if not services.catalog.resources(group, version_name):
        if group and not services.catalog.versions(group):
            return None
        raise routes.no_such_resource()
    _only(request, *negotiate.SUPPORTED)
    return _in_form(request, discovery.resource_list(services.catalog, group, version_name))


async def _openapi(request: Request, services: Services, rest: list[str]) -> Response:
    """OpenAPI documents are large: each is made once, in a thread. Upstream: kube-openapi pkg/handler and handler3."""
    openapi = services.openapi()
    in_thread = asyncio.to_thread
    if rest == ["v2"]:
        wanted = _accepted(request, JSON, *_OPENAPI_V2_PROTOBUF)
        if wanted == JSON:
            return _cached(request, await in_thread(openapi.v2_json), JSON, await in_thread(openapi.v2_etag), _VARY_V2)
        body = await in_thread(openapi.v2_protobuf) if wanted else b""
        return _cached(request, body, wanted and _OPENAPI_V2_PROTOBUF[0], await in_thread(openapi.v2_etag), _VARY_V2)
    if rest == ["v3"]:
        response = respond.tree_response(request, await in_thread(openapi.v3_index), Output())
        response.content_type = "text/plain; charset=utf-8"
        return response
    path = "/".join(rest[1:])
    document = await in_thread(openapi.v3_document, path) if rest[0] == "v3" else None
    if document is None:
        if rest[0] != "v3":
            raise errors.StatusError(404, "", "")
        return Response(404, b"", "")
    return _version_3(request, path, document, openapi.v3_etag(path))


def _version_3(request: Request, path: str, document: bytes, tag: str) -> Response:
    hash_ = request.query.get("hash")
    if hash_ and hash_ != tag:
        return Response(301, b"", headers={"Location": f"/openapi/v3/{path}?hash={tag}", "Vary": "Accept"})
    return _cached(request, document, _accepted(request, JSON), tag, "Accept")


def _accepted(request: Request, *offered: str) -> str:
    """The first of the types that a clause of Accept covers; "" when none."""
    accept = request.headers.get("Accept", "")
    clauses = negotiate.parse_accept(accept) if accept else ()
    return next((type_ for clause in clauses for type_ in offered if clause.covers(type_)), "") if accept else offered[0]


def _cached(request: Request, body: bytes, content_type: str, etag: str, vary: str) -> Response:
    """A document with an ETag; for ever cacheable when asked for by its hash. Without a type: not acceptable."""
    if not content_type:
        return Response(406, b"", "", {"Vary": vary})
    tag = f'"{etag}"'
    headers = {"ETag": tag, "Vary": vary}
    if "hash" in request.query:
        headers["Cache-Control"] = "public, immutable"
    if request.headers.get("If-None-Match") == tag:
        return Response(304, b"", "", headers)
    return Response(200, body, content_type, headers)


def _paths(services: Services) -> list[str]:
    catalog = services.catalog
    groups = [f"/apis/{group}" for group in discovery.group_order(catalog)]
    versions = [f"/apis/{g}/{v}" for g in discovery.group_order(catalog) for v in catalog.versions(g)]
    checks = [f"/{root}/{name}" for root in _HEALTH for name in services.settings["health_checks"]]
    fixed = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/metrics", "/openapi/v2", "/openapi/v3",
             "/openapi/v3/", "/openid/v1/jwks", "/version", *(f"/{root}" for root in _HEALTH)]  # fmt: skip
    return sorted({*fixed, *groups, *versions, *checks})
