"""What is served besides resources: discovery, OpenAPI, version, health, metrics, service account keys, the index of paths.

Called by the pipeline's last stage for requests that are not on a resource.
"""

from __future__ import annotations

import asyncio
from typing import Any

from kcompat.api import discovery, health, respond, routes
from kcompat.api.metrics import METRICS
from kcompat.api.negotiate import Output
from kcompat.api.request import Request, Response
from kcompat.api.scope import Services
from kcompat.apimachinery import errors
from kcompat.version import __version__

Tree = dict[str, Any]
_HEALTH = ("livez", "readyz", "healthz")
_OPENAPI_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


async def handle(request: Request, services: Services) -> Response:
    """Raises NotFound, MethodNotAllowed."""
    parts = routes.split(request.path)
    first = parts[0] if parts else ""
    if first in _HEALTH:
        return await health.answer(request, first, services.settings["health_checks"], "/".join(parts[1:]))
    document = await _openapi(request, services, parts[1:]) if first == "openapi" and parts[1:] else _document(request, services, parts)
    if document is None:
        raise errors.StatusError(404, "", "")
    if request.method not in ("GET", "HEAD"):
        raise routes.no_such_method()
    return document


def _document(request: Request, services: Services, parts: list[str]) -> Response | None:
    match parts:
        case []:
            return _plain(request, {"paths": _paths(services)})
        case ["version"]:
            return _plain(request, version())
        case ["metrics"]:
            return Response(200, METRICS.text(), "text/plain; version=0.0.4; charset=utf-8")
        case ["api"] | ["apis"]:
            return _roots(request, services, parts[0])
        case ["api", name]:
            return _resources(request, services, "", name)
        case ["apis", group]:
            return _group(request, services, group)
        case ["apis", group, name]:
            return _resources(request, services, group, name)
        case [".well-known", "openid-configuration"]:
            return _plain(request, services.tokens.openid_configuration())
        case ["openid", "v1", "jwks"]:
            response = _plain(request, services.tokens.jwks())
            response.content_type = "application/jwk-set+json"
            return response
    return None


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


def _plain(request: Request, document: Any) -> Response:
    """A document that is JSON whatever is asked for, pretty for people."""
    return respond.tree_response(request, document, Output(pretty=respond.output(request, transforms=False).pretty))


def _roots(request: Request, services: Services, root: str) -> Response:
    if discovery.wants_aggregated(request.headers.get("Accept", "")):
        document = discovery.aggregated(services.catalog, core=root == "api")
        tag = f'"{discovery.etag(document)}"'
        headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "public"}
        if request.headers.get("If-None-Match") == tag:
            return Response(304, b"", discovery.AGGREGATED, headers)
        response = respond.tree_response(request, document, Output())
        response.content_type = discovery.AGGREGATED
        response.headers.update(headers)
        return response
    form = respond.output(request, transforms=False) if "as=" not in request.headers.get("Accept", "") else Output()
    address = services.settings["advertise_address"]
    document = discovery.core_versions(address) if root == "api" else discovery.group_list(services.catalog)
    response = respond.tree_response(request, document, form)
    response.headers["Vary"] = "Accept"
    return response


def _group(request: Request, services: Services, group: str) -> Response | None:
    if not services.catalog.versions(group):
        return None
    document = {"kind": "APIGroup", "apiVersion": "v1", **discovery.group(services.catalog, group)}
    return respond.tree_response(request, document, respond.output(request, transforms=False))


def _resources(request: Request, services: Services, group: str, version_name: str) -> Response | None:
    if not services.catalog.resources(group, version_name):
        if group and not services.catalog.versions(group):
            return None
        raise routes.no_such_resource()
    document = discovery.resource_list(services.catalog, group, version_name)
    return respond.tree_response(request, document, respond.output(request, transforms=False))


async def _openapi(request: Request, services: Services, rest: list[str]) -> Response | None:
    """OpenAPI documents are large: each is made once, in a thread."""
    openapi = services.openapi()
    in_thread = asyncio.to_thread
    if rest == ["v2"]:
        if "protobuf" in request.headers.get("Accept", ""):
            return _cached(request, await in_thread(openapi.v2_protobuf), _OPENAPI_V2_PROTOBUF, await in_thread(openapi.v2_etag))
        return _cached(request, await in_thread(openapi.v2_json), "application/json", await in_thread(openapi.v2_etag))
    if rest == ["v3"]:
        return respond.tree_response(request, await in_thread(openapi.v3_index), Output())
    path = "/".join(rest[1:])
    document = await in_thread(openapi.v3_document, path) if rest[0] == "v3" else None
    if document is None:
        return None
    tag = openapi.v3_etag(path)
    wanted = request.query.get("hash")
    if wanted and wanted != tag:
        return Response(301, b"", headers={"Location": f"/openapi/v3/{path}?hash={tag}"})
    return _cached(request, document, "application/json", tag)


def _cached(request: Request, body: bytes, content_type: str, etag: str) -> Response:
    """A document with an ETag; for ever cacheable when asked for by its hash."""
    tag = f'"{etag}"'
    headers = {"ETag": tag, "Vary": "Accept"}
    if "hash" in request.query:
        headers["Cache-Control"] = "public, immutable"
    if request.headers.get("If-None-Match") == tag:
        return Response(304, b"", content_type, headers)
    return Response(200, body, content_type, headers)


def _paths(services: Services) -> list[str]:
    catalog = services.catalog
    groups = [f"/apis/{group}" for group in discovery.group_order(catalog)]
    versions = [f"/apis/{g}/{v}" for g in discovery.group_order(catalog) for v in catalog.versions(g)]
    checks = [f"/{root}/{name}" for root in _HEALTH for name in services.settings["health_checks"]]
    fixed = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/metrics", "/openapi/v2", "/openapi/v3",
             "/openapi/v3/", "/openid/v1/jwks", "/version", *(f"/{root}" for root in _HEALTH)]  # fmt: skip
    return sorted({*fixed, *groups, *versions, *checks})
