"""What is served besides resources: discovery, OpenAPI, version, health, metrics, service account keys, the index of paths.

Called by the pipeline's last stage for requests that are not on a resource.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from kcompat.api import discovery, health, negotiate, respond, routes
from kcompat.api.metrics import METRICS
from kcompat.api.negotiate import JSON, Output
from kcompat.api.request import Request, Response
from kcompat.api.scope import Services
from kcompat.api.serve_content import serve_content
from kcompat.apimachinery import errors, go_json
from kcompat.apimachinery.clock import SystemClock
from kcompat.version import __version__

if TYPE_CHECKING:
    from kcompat.api.openapi import OpenAPI

Tree = dict[str, Any]
_HEALTH = ("livez", "readyz", "healthz")
_EXACT = (*_HEALTH, "", "openapi", "metrics", "index.html", "debug")
"""Where a slash at the end is another path."""
_KEYS = "application/jwk-set+json"
_OPENAPI_V2_PROTOBUF = (
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
)
_OPENAPI_V3_PROTOBUF = tuple(name.replace("v2", "v3") for name in _OPENAPI_V2_PROTOBUF)
_VARY_V2 = "Accept-Encoding, Accept"


async def handle(request: Request, services: Services) -> Response:
    """Raises NotFound, MethodNotAllowed, NotAcceptable."""
    parts = routes.split(request.path)
    first = parts[0] if parts else ""
    if request.path.endswith("/") and request.path != "/" and first in _EXACT:
        return Response(404, b"", "") if parts[:2] == ["openapi", "v3"] else respond.page_not_found()
    if first in _HEALTH:
        return await health.answer(request, first, services.settings["health_checks"], "/".join(parts[1:]))
    if first == "openapi" and parts[1:]:
        return await _openapi(request, services, request.path.partition("/openapi/")[2])
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


async def _openapi(request: Request, services: Services, rest: str) -> Response:
    """OpenAPI documents are large: each is made once, in a thread. Upstream: kube-openapi pkg/handler and handler3."""
    openapi = services.openapi()
    in_thread = asyncio.to_thread
    if rest == "v2":
        wanted = _accepted(request, JSON, *_OPENAPI_V2_PROTOBUF)
        if not wanted:
            return Response(406, b"", "", {"Vary": _VARY_V2})
        body = await in_thread(openapi.v2_json if wanted == JSON else openapi.v2_protobuf)
        headers = {"ETag": f'"{await in_thread(openapi.v2_etag)}"', "Vary": _VARY_V2}
        return serve_content(request, body, JSON if wanted == JSON else _OPENAPI_V2_PROTOBUF[0], openapi.modified, headers)
    if rest == "v3":
        index = respond.tree_response(request, await in_thread(openapi.v3_index), Output())
        assert isinstance(index.body, bytes)
        answer = serve_content(request, index.body, "text/plain; charset=utf-8", openapi.modified, {})
        answer.content_type = "" if answer.status == 412 else answer.content_type  # it is guessed from the content, later
        return answer
    root, _, path = rest.partition("/")
    if root != "v3":
        raise errors.StatusError(404, "", "")
    document = await in_thread(openapi.v3_document, path)
    return await _version_3(request, openapi, path, document) if document is not None else Response(404, b"", "")


async def _version_3(request: Request, openapi: OpenAPI, path: str, document: bytes) -> Response:
    """One group version's document; for ever cacheable when asked for by its hash."""
    wanted, tag, hash_ = _accepted(request, JSON, *_OPENAPI_V3_PROTOBUF), openapi.v3_etag(path), request.query.get("hash")
    headers = {"ETag": f'"{tag}"', "Vary": "Accept"}
    if not wanted:
        return Response(406, b"", "", {"Vary": "Accept"})
    content_type = JSON if wanted == JSON else _OPENAPI_V3_PROTOBUF[0]
    if hash_ and hash_ != tag:
        return Response(301, b"", content_type, headers | {"Location": f"/openapi/v3/{path}?hash={tag}"})
    if hash_:
        headers["Cache-Control"] = "public, immutable"
        headers["Expires"] = format_datetime(SystemClock().now() + timedelta(days=365), usegmt=True).replace("GMT", "UTC")
    body = document if wanted == JSON else await asyncio.to_thread(openapi.v3_protobuf, path)
    return serve_content(request, body, content_type, openapi.modified, headers)


def _accepted(request: Request, *offered: str) -> str:
    """The first of the types that a clause of Accept covers; "" when none."""
    accept = request.headers.get("Accept", "")
    clauses = negotiate.parse_accept(accept) if accept else ()
    return next((type_ for clause in clauses for type_ in offered if clause.covers(type_)), "") if accept else offered[0]


def _paths(services: Services) -> list[str]:
    catalog = services.catalog
    groups = [f"/apis/{group}" for group in discovery.group_order(catalog)]
    versions = [f"/apis/{g}/{v}" for g in discovery.group_order(catalog) for v in catalog.versions(g)]
    checks = [f"/{root}/{name}" for root in _HEALTH for name in services.settings["health_checks"]]
    fixed = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/metrics", "/openapi/v2", "/openapi/v3",
             "/openapi/v3/", "/openid/v1/jwks", "/version", *(f"/{root}" for root in _HEALTH)]  # fmt: skip
    return sorted({*fixed, *groups, *versions, *checks})
