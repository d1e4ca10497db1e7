"""OpenAPI documents assembled from operations and schemas. Pure; called by the package's `OpenAPI`.

Answers kube-openapi pkg/builder (version 2: one document, shared parameters) and pkg/builder3 (version 3: one per group version).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

import orjson

from kcompat.api.openapi.operations import Operation
from kcompat.api.openapi.schemas import Schema, Schemas

Tree = dict[str, Any]

_INFO: Final = {"title": "Kubernetes", "version": "1.37"}
_BEARER: Final = {"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"}
_ANSWERS: Final = {200: "OK", 201: "Created", 202: "Accepted"}
_AGGREGATOR: Final = "apiregistration.k8s.io"
"""Whose part of version 2 does not go through a map."""
_ORDER: Final = ("get", "put", "post", "delete", "options", "head", "patch")


def v2(operations: Iterable[Operation], schemas: Schemas) -> Tree:
    """The Swagger 2.0 document."""
    shared: Tree = {}
    paths = {path: _v2_path(group, schemas, shared) for path, group in _by_path(operations)}
    return {
        "swagger": "2.0",
        "info": _INFO,
        "paths": paths,
        "definitions": schemas.definitions(),
        "parameters": dict(sorted(shared.items())),
        "securityDefinitions": {"BearerToken": {"description": _BEARER["description"], **_BEARER}},
        "security": [{"BearerToken": []}],
    }


def v3(operations: Iterable[Operation], schemas: Schemas) -> Tree:
    """The OpenAPI 3.0 document of one root or group version."""
    paths = {path: _v3_path(group, schemas) for path, group in _by_path(operations)}
    components: Tree = {"securitySchemes": {"BearerToken": _BEARER}}
    if definitions := schemas.definitions():
        components = {"schemas": definitions, **components}
    return {"openapi": "3.0.0", "info": _INFO, "paths": paths, "components": components}


def _by_path(operations: Iterable[Operation]) -> Iterable[tuple[str, list[Operation]]]:
    result: dict[str, list[Operation]] = {}
    for operation in operations:
        result.setdefault(operation.path, []).append(operation)
    return sorted((path, sorted(group, key=lambda o: _ORDER.index(o.method))) for path, group in result.items())


def _common(operations: list[Operation]) -> list[tuple[str, str, str]]:
    """(name, place, type) of the parameters that belong to the whole path: its variables and what every method takes."""
    path = operations[0].path
    found = [(name, "path", "string") for name in ("name", "namespace", "path") if f"{{{name}}}" in path]
    first, *others = operations
    found += [(n, "query", t) for n, t in first.parameters if all((n, t) in o.parameters for o in others)]
    if first.gvk is not None and first.action != "connect":
        found.append(("pretty", "query", "string"))
    return sorted(found, key=lambda p: (p[0], p[1]))


def _own(operation: Operation, common: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    own = [(n, "query", t) for n, t in operation.parameters if (n, "query", t) not in common]
    return sorted(own)


# Version 2


def _v2_path(operations: list[Operation], schemas: Schemas, shared: Tree) -> Tree:
    common = _common(operations)
    item: Tree = {o.method: _v2_operation(o, common, schemas, shared) for o in operations}
    if common:
        item["parameters"] = [_v2_parameter(p, shared) for p in common]
    return item


def _v2_operation(operation: Operation, common: list[tuple[str, str, str]], schemas: Schemas, shared: Tree) -> Tree:
    parameters = [_v2_parameter(p, shared) for p in _own(operation, common)]
    if operation.body is not None:
        body: Tree = {"name": "body", "in": "body"} | ({"required": True} if operation.body_required else {})
        parameters.insert(0, body | {"schema": _schema(operation.body, schemas)})
    answers: Tree = {str(c): {"description": _ANSWERS[c], "schema": _schema(operation.answer, schemas)} for c in operation.answers}
    return {
        "description": operation.description,
        **({"consumes": list(operation.consumes)} if operation.consumes else {}),
        "produces": list(operation.produces),
        "schemes": ["https"],
        "tags": [operation.tag],
        "operationId": operation.id,
        **({"parameters": parameters} if parameters else {}),
        "responses": answers | {"401": {"description": "Unauthorized"}},
        **_extensions(operation, sort=operation.gvk is not None and operation.gvk[0] != _AGGREGATOR),
    }


def _v2_parameter(parameter: tuple[str, str, str], shared: Tree) -> Tree:
    """A reference to a shared parameter, named by its content as upstream does (pkg/builder/parameters.go)."""
    name, place, type = parameter
    content = {"uniqueItems": True, "type": type, "name": name, "in": place} | ({"required": True} if place == "path" else {})
    digest = urlsafe_b64encode(sha256(orjson.dumps(content)).digest()).decode()[:8]
    shared[f"{name}-{digest}"] = content
    return {"$ref": f"#/parameters/{name}-{digest}"}


# Version 3


def _v3_path(operations: list[Operation], schemas: Schemas) -> Tree:
    common = _common(operations)
    item: Tree = {o.method: _v3_operation(o, common, schemas) for o in operations}
    if common:
        item["parameters"] = [_v3_parameter(p) for p in common]
    return item


def _v3_operation(operation: Operation, common: list[tuple[str, str, str]], schemas: Schemas) -> Tree:
    parameters = [_v3_parameter(p) for p in _own(operation, common)]
    content = {kind: {"schema": _schema(operation.answer, schemas)} for kind in sorted(operation.produces)}
    answers: Tree = {str(c): {"description": _ANSWERS[c], "content": content} for c in operation.answers}
    return {
        "tags": [operation.tag],
        "description": operation.description,
        "operationId": operation.id,
        **({"parameters": parameters} if parameters else {}),
        **_v3_body(operation, schemas),
        "responses": answers | {"401": {"description": "Unauthorized"}},
        **_extensions(operation),
    }


def _v3_body(operation: Operation, schemas: Schemas) -> Tree:
    if operation.body is None:
        return {}
    content = {kind: {"schema": _schema(operation.body, schemas)} for kind in sorted(operation.consumes)}
    return {"requestBody": {"content": content} | ({"required": True} if operation.body_required else {})}


def _v3_parameter(parameter: tuple[str, str, str]) -> Tree:
    name, place, type = parameter
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **required, "schema": {"type": type, "uniqueItems": True}}


def _schema(name: str | None, schemas: Schemas) -> Schema:
    if name is None or name == "string":
        return {"type": "string"}
    return schemas.ref(name)


def _extensions(operation: Operation, *, sort: bool = False) -> Tree:
    if operation.gvk is None:
        return {}
    group, version, kind = operation.gvk
    named = {"group": group, "version": version, "kind": kind}
    return {
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": dict(sorted(named.items())) if sort else named,
    }
