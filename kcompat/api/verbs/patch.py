"""PATCH: JSON, merge and strategic merge patches; server-side apply is in `apply`. Upstream: apiserver endpoints/handlers/patch.go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from kcompat.api import body, field_managers, negotiate, respond
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs import apply
from kcompat.api.verbs.create import check_namespace
from kcompat.api.verbs.update import check_name, write
from kcompat.apimachinery import errors, json_strict, schema
from kcompat.apimachinery.field import Path, invalid
from kcompat.apimachinery.patch import json_patch, merge_patch, strategic
from kcompat.apimachinery.patch.spent import spent
from kcompat.apimachinery.quote import plain_text
from kcompat.apimachinery.schema.unstructured import mismatch
from kcompat.registry.declare import Rules, Status

ACCEPTED = (negotiate.JSON_PATCH, negotiate.MERGE_PATCH, negotiate.STRATEGIC_PATCH, negotiate.APPLY_PATCH)


async def handle(request: Request, scope: Scope, *, rules: Rules | None = None) -> Answer:
    """`rules` are those of a subresource with rules of its own."""
    media_type = patch_type(request)
    if media_type == negotiate.APPLY_PATCH:
        return await apply.handle(request, scope, rules=rules)
    form = respond.output(request, tables=scope.tables)
    data, dry_run = await body.read_patch(request)
    transform = patch_of(request, scope, media_type, data)
    written = await write(request, scope, transform, dry_run=dry_run, retry=True, rules=rules)
    return respond.entry_response(request, scope, written.entry, form)


def patch_type(request: Request) -> str:
    """The patch's media type. Raises UnsupportedMediaType."""
    given = request.headers.get("Content-Type", "")
    if (media_type := given.split(";", 1)[0]) in ACCEPTED:
        return media_type
    if any(each.split(";", 1)[0].strip() in ACCEPTED for each in given.split(",")):  # the router is less exact than the handler
        raise errors.unsupported_media_type(f"the body of the request was in an unknown format - accepted media types include: {', '.join(ACCEPTED)}")
    request.warnings.clear()  # upstream's router refuses it, before anything is said of the resource
    error = errors.unsupported_media_type("415: Unsupported Media Type")
    error.details = {}
    raise error


def patch_of(request: Request, scope: Scope, media_type: str, data: bytes) -> Any:
    """The patch as a function of the current object (storage version in and out)."""
    resource = scope.resource
    sparse = isinstance(scope.subresource, Status)  # elsewhere, what is shared may be written to
    document, duplicates = _document(request, data)
    patch: Patch | None = None

    async def transform(current: Tree | None) -> Tree:
        nonlocal patch
        if current is None:
            raise scope.store.not_found(scope.name)
        if patch is None:  # not before there is something to patch: only then upstream says what is wrong with it
            patch = _patch(request, document, duplicates, resource.group, resource.version, resource.kind, media_type, sparse=sparse)
        served = resource.from_storage(current) if resource.from_storage else current
        patched = field_managers.track(request, scope, served, patch_object(request, scope, patch, served))
        return resource.to_storage(patched) if resource.to_storage else patched

    return transform


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch of objects of one kind. `found` are the strict errors of its document.

    `shown` makes the text by which a refusal shows a strategic merge patch, of which the object is made without passing through JSON;
    None for the others. `sparse`: what such a patch leaves alone is taken as it is, undecoded and shared with the current object.
    """

    group: str
    version: str
    kind: str
    apply: Callable[[Tree], Any]
    found: list[str]
    shown: Callable[[Tree], str] | None = None
    sparse: bool = False

    def patched(self, request: Request, current: Tree) -> tuple[Any, Tree]:
        """(the outcome, the outcome decoded). Raises Invalid, BadRequest."""
        outcome: Any = self.apply(current)
        if not self.shown:
            self._check_kind(request, current, outcome)
        try:
            decoded = self._decoded(outcome, current)
        except schema.DecodeError as error:
            decoded = self._decoded_from_numbers(current, outcome, error)
        unknown = decoded.strict_errors and self._unknown(outcome, decoded.strict_errors)
        if found := [*self.found, *unknown]:
            self._answer(request, current, outcome, found)
        return outcome, decoded.tree

    def _decoded(self, outcome: Any, current: Tree) -> schema.Decoded:
        """Raises DecodeError."""
        if not self.sparse or outcome.__class__ is not dict:
            return schema.decode(outcome, self.group, self.version, self.kind)
        left = {name: value for name, value in outcome.items() if value is current.get(name) and value.__class__ is dict}
        changed = {name: value for name, value in outcome.items() if name not in left}
        decoded = schema.decode(changed, self.group, self.version, self.kind)
        return schema.Decoded({**decoded.tree, **left}, decoded.strict_errors)

    def _decoded_from_numbers(self, current: Tree, outcome: Any, error: schema.DecodeError) -> schema.Decoded:
        """To a strategic merge patch, numbers that are whole are integers, however they are written. Raises Invalid."""
        if self.shown:
            try:
                return schema.decode(apply.whole(outcome), self.group, self.version, self.kind)
            except schema.DecodeError:
                pass
        raise self._invalid(current, outcome, self._refusal(outcome, error)) from None

    def _check_kind(self, request: Request, current: Tree, outcome: Any) -> None:
        """The patched JSON is decoded as what it says it is: as upstream's internal type, which has none of its fields, if it does not
        say a version. Raises Invalid, BadRequest."""
        try:
            api_version, kind = schema.interpret(outcome)
        except schema.UnrecognizedError as error:
            raise self._invalid(current, outcome, str(error)) from None
        if not api_version and outcome:
            self._answer(request, current, outcome, [f'unknown field "{name}"' for name in sorted(outcome) if name not in ("apiVersion", "kind")])
            name = current["metadata"]["name"]
            raise errors.bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
        own = f"{self.group}/{self.version}" if self.group else self.version
        if (api_version or own, kind or self.kind) != (own, self.kind):
            raise self._invalid(current, outcome, body.foreign(outcome, api_version or own, kind or self.kind, self.group, self.kind))

    def _refusal(self, outcome: Any, error: schema.DecodeError) -> str:
        if not self.shown:
            try:
                self._decoded_in_order(outcome)
            except schema.DecodeError as first:
                return str(first)
            return str(error)
        typed = schema.type_of(self.group, self.version, self.kind)
        return (mismatch(outcome, typed) if typed is not None else "") or str(error)

    def _unknown(self, outcome: Any, found: list[str]) -> list[str]:
        return sorted(found) if self.shown else self._decoded_in_order(outcome).strict_errors

    def _decoded_in_order(self, outcome: Any) -> schema.Decoded:
        """Upstream's patches leave sorted whatever they touch, and what is wrong is found in the order it stands in. Raises DecodeError."""
        return schema.decode(_sorted(outcome), self.group, self.version, self.kind)

    def _answer(self, request: Request, current: Tree, outcome: Any, found: list[str]) -> None:
        """Strict: Invalid. Warn: Warning headers. Ignore: nothing."""
        directive = body.field_validation(request)
        if directive == body.STRICT:
            raise self._invalid(current, outcome, f"strict decoding error: {', '.join(found)}")
        if directive == body.WARN:
            request.warnings.extend(found)

    def _invalid(self, current: Tree, outcome: Any, why: str) -> errors.StatusError:
        shown = self.shown(current) if self.shown else orjson.dumps(outcome, option=orjson.OPT_SORT_KEYS).decode()
        return errors.invalid("", "", "", [invalid(Path("patch"), shown, why)])


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def read(request: Request, data: bytes, group: str, version: str, kind: str, media_type: str, *, sparse: bool = False) -> Patch:
    """The body as a patch of this kind. Raises BadRequest."""
    return _patch(request, *_document(request, data), group, version, kind, media_type, sparse=sparse)


def _patch(
    request: Request, document: Any, duplicates: list[str], group: str, version: str, kind: str, media_type: str, *, sparse: bool
) -> Patch:
    validated = body.field_validation(request) != body.IGNORE
    if media_type == negotiate.JSON_PATCH:
        operations, unknown = json_patch.decode(document, validated=validated)
        found = [f"json patch {text}" for text in (*unknown, *duplicates)]
        return Patch(group, version, kind, lambda current: json_patch.apply(current, operations), found)
    if media_type == negotiate.MERGE_PATCH:
        if validated:
            merge_patch.check(document)
        return Patch(group, version, kind, lambda current: merge_patch.apply(current, document), duplicates)
    typed = schema.type_of(group, version, kind)
    assert typed is not None  # only kinds of the catalog come here
    wanted = {} if document is None else document
    return Patch(
        group, version, kind, lambda current: strategic.apply(current, wanted, typed), duplicates,
        lambda current: plain_text(spent(current, wanted, typed)), sparse,
    )


def _document(request: Request, data: bytes) -> tuple[Any, list[str]]:
    """The patch document, and the duplicate fields in it. Raises BadRequest (upstream: validateAndTranscodePatch)."""
    if request.object is not None:
        return request.object, []
    try:
        return json_strict.loads(data)
    except json_strict.JSONError as error:
        raise errors.bad_request("invalid JSON patch") from error


def patch_object(request: Request, scope: Scope, patch: Patch, current: Tree) -> Tree:
    """Patches, decodes and defaults. Raises BadRequest or Invalid as upstream words them."""
    resource = scope.resource
    outcome, obj = patch.patched(request, current)
    obj["kind"], obj["apiVersion"] = resource.kind, resource.api_version
    field_managers.keep_reset(outcome, obj)
    check_name(obj, scope.name)
    check_namespace(obj, scope.namespace)
    resource.rules.default(obj)
    return obj
