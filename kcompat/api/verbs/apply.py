"""PATCH with application/apply-patch+yaml: server-side apply. Called by `patch`, which recognises it by its media type.

Upstream: apiserver endpoints/handlers/patch.go:applyPatcher.
"""

from __future__ import annotations

import re
from typing import Any

from kcompat.api import body, parameters, respond
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs.create import check_namespace
from kcompat.api.verbs.update import check_name, write
from kcompat.apimachinery import errors, json_strict, schema, yaml
from kcompat.apimachinery.apply.atoms import TypedError
from kcompat.apimachinery.apply.field_manager import Applied, FieldManager, described, kind_of, with_entries, without_entries
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.schema.unstructured import mismatch
from kcompat.registry.declare import Rules, Status

_FLOAT = re.compile(rb"[:,\[\s]-?\d+[.eE]")


async def handle(request: Request, scope: Scope, *, rules: Rules | None = None) -> Answer:
    """`rules` are those of a subresource with rules of its own."""
    form = respond.output(request, tables=scope.tables)
    data, dry_run = await body.read_patch(request, apply=True)
    config, duplicates = read_config(request, data)
    resource = scope.resource

    async def transform(current: Tree | None) -> Tree:
        live = resource.from_storage(current) if current is not None and resource.from_storage else current
        applied = apply(request, scope.services.field_managers.of(scope), live, config, rfc3339(scope.services.clock.now()))
        answer_duplicates(request, duplicates)
        if current is not None and not applied.changed:
            return with_entries(without_entries(current), applied.entries)
        obj = decode(config, applied, resource.group, resource.version, resource.kind)
        check(scope, live, obj)
        resource.rules.default(obj)
        return resource.to_storage(obj) if resource.to_storage else obj

    allow_create = scope.subresource is None or (isinstance(scope.subresource, Status) and resource.rules.status_apply_creates)
    written = await write(request, scope, transform, dry_run=dry_run, retry=True, rules=rules, allow_create=allow_create)
    return respond.entry_response(request, scope, written.entry, form, 201 if written.created else 200)


def read_config(request: Request, data: bytes) -> tuple[Tree, list[str]]:
    """The applied configuration, and complaints about duplicate keys. Raises BadRequest."""
    if request.object is not None:
        return request.object, []
    if (config := _plain_json(data)) is not None:
        return config, []
    try:
        config, duplicates = yaml.loads(data)
    except yaml.YAMLError as error:
        where = "decoding patch: error converting YAML to JSON" if data.lstrip()[:1] == b"{" else "encoding patch"
        raise errors.bad_request(f"error {where}: {error}") from None
    if config is not None and config.__class__ is not dict:
        raise errors.bad_request(f"error decoding patch: {not_a_map(config)}")
    return config or {}, duplicates


_NOT_JSON = (b"\x7f", b"\xc2", b"\xe2", b"\\u", b"\\/")
"""Where YAML may read otherwise than JSON: more signs break lines, which are folded; some are refused, and so are some escapes."""


def _plain_json(data: bytes) -> Tree | None:
    """A JSON object without duplicate keys, as most clients send it; reading it as the YAML it also is takes five times as long."""
    if data[:1] != b"{" or any(sign in data for sign in _NOT_JSON):
        return None
    try:
        data.decode()
        config, duplicates = json_strict.loads(data)
    except (json_strict.JSONError, UnicodeDecodeError):
        return None
    return None if duplicates else whole(config) if _FLOAT.search(data) else config


def whole(value: Any) -> Any:
    """YAML's numbers that are whole are integers, however they are written."""
    if value.__class__ is dict:
        return {name: whole(part) for name, part in value.items()}
    if value.__class__ is list:
        return [whole(item) for item in value]
    return int(value) if value.__class__ is float and value.is_integer() and abs(value) < 1e21 else value


def not_a_map(config: Any) -> str:
    go_type = {list: "array", str: "string", bool: "bool"}.get(config.__class__, "number")
    return f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {go_type} into Go value of type map[string]interface {{}}"


def apply(request: Request, fields: FieldManager, live: Tree | None, config: Tree, now: str) -> Applied:
    """Raises StatusError."""
    force = parameters.boolean(request.query, "force") or False
    try:
        return fields.apply(live, config, request.query.get("fieldManager"), force, now)
    except TypedError as error:
        raise errors.StatusError(500, "", str(error)) from None


def answer_duplicates(request: Request, duplicates: list[str]) -> None:
    """As fieldValidation asks. Raises BadRequest."""
    if not duplicates:
        return
    directive = body.field_validation(request)
    if directive == body.STRICT:
        raise errors.bad_request(f"error strict decoding patch: error converting YAML to JSON: {duplicates[0]}")
    if directive == body.WARN:
        request.warnings.extend(line.strip() for line in duplicates[0].splitlines()[1:])


def decode(config: Tree, applied: Applied, group: str, version: str, kind: str) -> Tree:
    """The object applied to, as its type has it, with its managedFields. Raises StatusError in the words of upstream's converter."""
    try:
        obj = schema.decode(applied.tree, group, version, kind).tree
    except schema.DecodeError as error:
        type = schema.type_of(group, version, kind)
        why = (mismatch(applied.tree, type) if type is not None else "") or str(error)
        cannot = f"unable to convert unstructured object to {kind_of(config)}: {why}"
        raise errors.StatusError(500, "", f"failed to convert new object ({described(config)}) to proper version: {cannot}") from None
    return with_entries(obj, applied.entries)


def check(scope: Scope, live: Tree | None, obj: Tree) -> None:
    """Raises Conflict, BadRequest for an object that is not the one of the URL."""
    uid = obj["metadata"].get("uid")
    if uid and live is None:
        message = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise scope.store.conflict(scope.name, message)
    if live is None:
        obj["metadata"].pop("resourceVersion", None)
    check_namespace(obj, scope.namespace)
    if scope.namespace and not obj["metadata"].get("namespace"):
        obj["metadata"]["namespace"] = scope.namespace
    check_name(obj, scope.name)
