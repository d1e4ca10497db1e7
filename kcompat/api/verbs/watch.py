"""Watches over HTTP and in process. Upstream: apiserver endpoints/handlers/watch.go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from kcompat.api import negotiate, parameters, respond, streaming, table, websocket
from kcompat.api.negotiate import Output
from kcompat.api.request import Answer, Request, StreamResponse, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors, go_json, schema
from kcompat.registry import fan_out, watching
from kcompat.registry.watching import Batch, Bookmark, Happening

_CONTENT_TYPE = "application/json"
_PROTOBUF_CONTENT_TYPE = "application/vnd.kubernetes.protobuf;stream=watch"
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


async def handle(request: Request, scope: Scope) -> Answer:
    answer = await _stream(request, scope)
    if "Upgrade" in request.headers and websocket.is_requested(request.headers):
        return streaming.watch(request, answer)
    return answer


async def _stream(request: Request, scope: Scope) -> StreamResponse:
    form = respond.output(request, stream=True)
    options = watching.defaulted(parameters.watch_options(request, scope))
    watching.validate_options(options)
    try:
        if request.local:
            return StreamResponse(events=_local(scope, await watching.watch(scope.store, scope.namespace, options, trees=True)))
        encode, shared = _encoder(request, scope, form)
        chunks = await fan_out.stream(scope.store, scope.namespace, options, encode, form if shared else None)
    except errors.StatusError as error:
        if error.code == 500 and not error.reason:  # a resourceVersion that is none
            raise
        return _failed(request, error, form)
    if form.transform == "PartialObjectMetadataList":  # an event holds no list: upstream ends the watch
        await chunks.aclose()
    return StreamResponse(chunks, content_type=_PROTOBUF_CONTENT_TYPE if form.media_type == negotiate.PROTOBUF else _CONTENT_TYPE)


def _encoder(request: Request, scope: Scope, form: Output) -> tuple[fan_out.Encode, bool]:
    """How events are written, and whether it is the same for everybody who asks for this form."""
    if form.transform == "Table":
        return _tables(request, scope, form), False
    if form.media_type == negotiate.PROTOBUF:
        return _frames(scope, form), True
    if form.transform or scope.resource.from_storage is not None:
        return _transformed(scope, form), True
    return lambda batch: b"".join([_line(scope, happening) for happening in batch]), True


def _failed(request: Request, error: errors.StatusError, form: Output) -> StreamResponse:
    """What goes wrong once a watch is under way is an event (upstream: cacher.go:newErrWatcher)."""

    async def lines() -> AsyncIterator[bytes]:
        if form.media_type == negotiate.PROTOBUF:
            from kcompat.apimachinery import protobuf

            yield protobuf.watch_frame("ERROR", error.status())
        else:
            yield _event("ERROR", error.status())

    async def events() -> AsyncIterator[tuple[str, Tree]]:
        yield "ERROR", error.status()

    if request.local:
        return StreamResponse(events=events())
    return StreamResponse(lines(), content_type=_PROTOBUF_CONTENT_TYPE if form.media_type == negotiate.PROTOBUF else _CONTENT_TYPE)


def _line(scope: Scope, happening: Happening | Bookmark) -> bytes:
    if isinstance(happening, Bookmark):
        return _event("BOOKMARK", bookmark(scope, happening))
    if happening.event is not None:
        return happening.event.line(happening.type)
    entry = happening.entry
    return b'{"type":"%b","object":%b%b}\n' % (happening.type.encode(), entry.layout.head, entry.tail)


def bookmark(scope: Scope, mark: Bookmark) -> Tree:
    """An otherwise empty object of the kind, at the bookmark's resourceVersion."""
    resource = scope.resource
    tree: Tree = schema.decode({}, resource.group, resource.version, resource.kind).tree
    metadata: Tree = {"resourceVersion": str(mark.revision)}
    if mark.initial_end:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    return {"kind": resource.kind, "apiVersion": resource.api_version, **tree, "metadata": metadata}


def _seen(scope: Scope, happening: Happening | Bookmark) -> tuple[str, Tree]:
    """An event's type and object, in the version of the request."""
    if isinstance(happening, Bookmark):
        return "BOOKMARK", bookmark(scope, happening)
    convert = scope.resource.from_storage
    tree = happening.entry.peek()
    return happening.type, convert(tree) if convert else tree


def _frames(scope: Scope, form: Output) -> fan_out.Encode:
    """Length-delimited protobuf WatchEvents, each with its object in an envelope (upstream: serializer/protobuf, LengthDelimitedFramer)."""
    from kcompat.apimachinery import protobuf

    def encode(batch: Batch) -> bytes:
        events = (_seen(scope, happening) for happening in batch)
        return b"".join([protobuf.watch_frame(type_, table.partial(scope.resource, tree, form) if form.transform else tree) for type_, tree in events])

    return encode


def _transformed(scope: Scope, form: Output) -> fan_out.Encode:
    """Events whose objects are metadata only, or of another version than the stored one."""

    def encode(batch: Batch) -> bytes:
        events = (_seen(scope, happening) for happening in batch)
        return b"".join([_event(type_, table.partial(scope.resource, tree, form) if form.transform else tree) for type_, tree in events])

    return encode


def _tables(request: Request, scope: Scope, form: Output) -> fan_out.Encode:
    """Events whose objects are Tables of a row; the first says what the columns are."""
    table.include_object(request)
    headers = True

    def encode(batch: Batch) -> bytes:
        nonlocal headers
        lines = []
        for type_, tree in (_seen(scope, happening) for happening in batch):
            metadata = {"resourceVersion": tree["metadata"].get("resourceVersion", "")}
            lines.append(_event(type_, table.table(request, scope.resource, [tree], metadata, form, headers=headers)))
            headers = False
        return b"".join(lines)

    return encode


def _event(type_: str, document: Any) -> bytes:
    return go_json.dumps({"type": type_, "object": document}) + b"\n"


async def _local(scope: Scope, batches: AsyncIterator[Batch]) -> AsyncIterator[tuple[str, Tree]]:
    convert = scope.resource.from_storage
    async with aclosing(batches):  # type: ignore[type-var]
        async for batch in batches:
            for happening in batch:
                if isinstance(happening, Bookmark):
                    yield "BOOKMARK", bookmark(scope, happening)
                else:
                    tree = happening.entry.tree()
                    yield happening.type, convert(tree) if convert else tree
