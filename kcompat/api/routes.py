"""URL → RequestInfo → handler. Called by the pipeline's first and last stages.

Upstream: apiserver endpoints/request/requestinfo.go:NewRequestInfo and endpoints/installer.go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from kcompat.api import verbs
from kcompat.api.request import Answer, Request, RequestInfo
from kcompat.api.scope import Scope, Services
from kcompat.apimachinery import errors
from kcompat.registry.declare import Action, Resource, Scale, Subresource

VerbHandler = Callable[[Request, Scope], Awaitable[Answer]]
_VERBS: Mapping[str, VerbHandler] = {
    file.stem: import_module(f"{verbs.__name__}.{file.stem}").handle for file in sorted(Path(verbs.__path__[0]).glob("[!_]*.py"))
}
_METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMED = ("get", "update", "patch", "delete")
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


class NoKindError(Exception):
    """A path of the old watch or proxy form that names no kind."""


def request_info(request: Request) -> RequestInfo:
    """What the URL and method ask for. Raises NoKindError."""
    parts = split(request.path)
    if len(parts) < 3 or parts[0] not in ("api", "apis") or (parts[0] == "apis" and len(parts) < 4):
        return RequestInfo(request.method.lower(), request.path)
    info = resource_info(request.path)
    return info.with_verb(_verb(request, info))


def _verb(request: Request, info: RequestInfo) -> str:
    """get, list, watch, create, …; `info.verb` is "watch" for the old /watch/ paths."""
    if info.verb:
        return info.verb
    method = request.method
    if method in ("GET", "HEAD"):
        if info.name:
            return "get"
        watching = "watch" in request.query and request.query.get("watch").lower() not in ("false", "0")
        return "watch" if watching else "list"
    if method == "DELETE" and not info.name:
        return "deletecollection"
    return _METHODS.get(method, "")


@lru_cache(maxsize=4096)
def resource_info(path: str) -> RequestInfo:
    """The part of RequestInfo that the path alone decides. Shared: copied by `request_info`."""
    parts = split(path)
    info = RequestInfo("", path, True, api_prefix=parts[0])
    if parts[0] == "api":
        info.version, rest = parts[1], parts[2:]
    else:
        info.group, info.version, rest = parts[1], parts[2], parts[3:]
    if rest[0] in ("watch", "proxy"):
        if len(rest) == 1:
            raise NoKindError(path)
        info.verb, rest = rest[0], rest[1:]
    if rest[0] == "namespaces" and len(rest) > 1:
        info.namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    info.resource = rest[0]
    info.name = rest[1] if len(rest) > 1 else ""
    info.subresource = rest[2] if len(rest) > 2 else ""
    info.rest = "/".join(rest[3:])
    return info


def split(path: str) -> list[str]:
    """Path segments. Slashes at the end mean nothing; one too many within is an empty segment, which nothing serves."""
    parts = path[1:].rstrip("/").split("/")
    if "//" not in path:
        return parts if parts[0] else []
    start = 3 if parts[0] == "apis" else 2
    if parts[start : start + 2] == ["namespaces", ""]:  # `/namespaces//pods` asks for all namespaces
        del parts[start : start + 2]
    return parts


def no_such_resource() -> errors.StatusError:
    error = errors.generic(404, "", "", "", "", "")
    error.message, error.details = "the server could not find the requested resource", {}
    return error


def no_such_method() -> errors.StatusError:
    error = errors.generic(405, "", "", "", "", "")
    error.message, error.details = "the server does not allow this method on the requested resource", {}
    return error


def scope_of(request: Request, services: Services) -> tuple[VerbHandler, Scope]:
    """The handler of a resource request and what it works on. Raises NotFound, MethodNotAllowed."""
    info = request.info
    resource = services.catalog.get(info.group, info.version, info.resource)
    if resource is None or info.verb == "proxy" or (info.verb == "watch" and info.subresource):
        raise _unknown(info, services)
    subresource = _subresource(resource, info)
    scope = Scope(services, resource, services.stores(resource), subresource, _namespace(resource, info), info.name)
    handler = _handler(request, resource, subresource, info)
    _warn(request, resource)
    return handler, scope


def _warn(request: Request, resource: Resource) -> None:
    """What is routed at all is warned of."""
    if resource.deprecated:
        request.warnings.append(resource.deprecated)


def _unknown(info: RequestInfo, services: Services) -> errors.StatusError:
    if info.api_prefix == "apis" and not (info.group and services.catalog.versions(info.group)):
        return errors.StatusError(404, "", "")
    return no_such_resource()


def _subresource(resource: Resource, info: RequestInfo) -> Subresource | None:
    if not info.subresource:
        return None
    subresource = resource.subresource(info.subresource)
    if subresource is None or (info.rest and info.subresource != "proxy"):
        raise no_such_resource()
    return subresource


def _namespace(resource: Resource, info: RequestInfo) -> str:
    """The namespace to work in. Raises NotFound for a path of the other scope."""
    if not resource.namespaced:
        if info.namespace and (resource.name != "namespaces" or _is_within_namespace(info.path)):
            raise no_such_resource()
        return ""
    if "/namespaces//" in info.path:
        return ""
    if not info.namespace and (info.name or "list" not in resource.verbs):
        raise no_such_resource()
    if not info.namespace and info.verb not in ("list", "watch"):
        raise no_such_method()
    return info.namespace


def _is_within_namespace(path: str) -> bool:
    """`/api/v1/namespaces/x/namespaces`, as against `/api/v1/namespaces/x`."""
    rest = split(path)[2:]
    return rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES


def _handler(request: Request, resource: Resource, subresource: Subresource | None, info: RequestInfo) -> VerbHandler:
    verb = info.verb
    if info.name and not resource.subresources and not set(resource.verbs) & set(_NAMED):
        raise no_such_resource()  # created and never seen again: no path has their names
    if verb == "watch" and verb not in resource.verbs and "watch" not in request.query:
        raise no_such_resource()  # only what can be watched has the old paths
    if (request.method == "HEAD" and info.subresource != "proxy") or (verb == "watch" and request.method != "GET"):
        raise no_such_method()
    if subresource is not None:
        if isinstance(subresource, Action):
            return _action(subresource.handler, _connect_verb(subresource, request, verb))
        if verb not in subresource.verbs:
            raise no_such_method()
        return _action("scale", verb) if isinstance(subresource, Scale) else _VERBS[verb]
    if verb not in resource.verbs or (bool(info.name) is not (verb in _NAMED) and verb != "watch"):
        if verb == "watch" and "list" in resource.verbs and not info.name:
            _warn(request, resource)  # as a list that is to go on
            raise errors.method_not_supported(resource.group, resource.name, "watch")
        raise no_such_method()
    if resource.action:
        return _action(resource.action, verb)
    return _VERBS[verb]


def _connect_verb(subresource: Action, request: Request, verb: str) -> str:
    if verb in subresource.verbs:
        return verb
    if request.method == "OPTIONS" and subresource.name == "proxy":
        return "connect"
    raise no_such_method()


@lru_cache(maxsize=128)
def _action(module: str, verb: str) -> VerbHandler:
    """`create`, `get`, … of a file in api/actions/. Raises MethodNotAllowed where it has no such verb."""
    handler: VerbHandler | None = getattr(import_module(f"kcompat.api.actions.{module}"), verb, None)
    if handler is None:
        raise no_such_method()
    return handler
