"""Watches over HTTP and in process. Upstream: apiserver endpoints/handlers/watch.go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson

from kcompat.api import negotiate, parameters, respond, streaming, table, websocket
from kcompat.api.negotiate import Output
from kcompat.api.request import Answer, Request, StreamResponse, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors, schema
from kcompat.registry import watching
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
        batches = await watching.watch(scope.store, scope.namespace, options, trees=request.local)
    except errors.StatusError as error:
        if error.code == 500:  # a resourceVersion that is none
            raise
        return _failed(request, error, form)
    if request.local:
        return StreamResponse(events=_local(scope, batches))
    if form.transform == "PartialObjectMetadataList":  # an event holds no list: upstream ends the watch
        return StreamResponse(_nothing(batches), content_type=_CONTENT_TYPE)
    if form.media_type == negotiate.PROTOBUF:
        return StreamResponse(_frames(scope, batches, form), content_type=_PROTOBUF_CONTENT_TYPE)
    if form.transform or scope.resource.from_storage is not None:
        return StreamResponse(_transformed(request, scope, batches, form), content_type=_CONTENT_TYPE)
    return StreamResponse(_lines(scope, batches), content_type=_CONTENT_TYPE)


def _failed(request: Request, error: errors.StatusError, form: Output) -> StreamResponse:
    """What goes wrong once a watch is under way is an event (upstream: cacher.go:newErrWatcher)."""

    async def lines() -> AsyncIterator[bytes]:
        if form.media_type == negotiate.PROTOBUF:
            from kcompat.apimachinery import protobuf

            yield protobuf.watch_frame("ERROR", error.status())
        else:
            yield orjson.dumps({"type": "ERROR", "object": error.status()}) + b"\n"

    async def events() -> AsyncIterator[tuple[str, Tree]]:
        yield "ERROR", error.status()

    if request.local:
        return StreamResponse(events=events())
    return StreamResponse(lines(), content_type=_PROTOBUF_CONTENT_TYPE if form.media_type == negotiate.PROTOBUF else _CONTENT_TYPE)


async def _nothing(batches: AsyncIterator[Batch]) -> AsyncIterator[bytes]:
    async with aclosing(batches):  # type: ignore[type-var]
        nothing: tuple[bytes, ...] = ()
        for line in nothing:
            yield line


async def _lines(scope: Scope, batches: AsyncIterator[Batch]) -> AsyncIterator[bytes]:
    """Stored bytes, wrapped; a batch is one write."""
    async with aclosing(batches):  # type: ignore[type-var]
        async for batch in batches:
            yield b"".join([_line(scope, happening) for happening in batch])


def _line(scope: Scope, happening: Happening | Bookmark) -> bytes:
    if isinstance(happening, Bookmark):
        return orjson.dumps({"type": "BOOKMARK", "object": bookmark(scope, happening)}) + b"\n"
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


async def _frames(scope: Scope, batches: AsyncIterator[Batch], form: Output) -> AsyncIterator[bytes]:
    """Length-delimited protobuf WatchEvents, each with its object in an envelope (upstream: serializer/protobuf, LengthDelimitedFramer)."""
    from kcompat.apimachinery import protobuf

    convert = scope.resource.from_storage
    async with aclosing(batches):  # type: ignore[type-var]
        async for batch in batches:
            frames = []
            for happening in batch:
                if isinstance(happening, Bookmark):
                    type_, tree = "BOOKMARK", bookmark(scope, happening)
                else:
                    type_, tree = happening.type, happening.entry.peek()
                    tree = convert(tree) if convert else tree
                frames.append(protobuf.watch_frame(type_, table.partial(tree, form) if form.transform else tree))
            yield b"".join(frames)


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


async def _transformed(request: Request, scope: Scope, batches: AsyncIterator[Batch], form: Output) -> AsyncIterator[bytes]:
    """Events whose objects are Tables, metadata only, or of another version than the stored one."""
    convert = scope.resource.from_storage
    first = True
    async with aclosing(batches):  # type: ignore[type-var]
        async for batch in batches:
            lines = []
            for happening in batch:
                if isinstance(happening, Bookmark):
                    type_, tree = "BOOKMARK", bookmark(scope, happening)
                else:
                    tree = happening.entry.peek()
                    type_, tree = happening.type, convert(tree) if convert else tree
                lines.append(orjson.dumps({"type": type_, "object": _form(request, scope, tree, form, first)}))
                first = False
            yield b"\n".join(lines) + b"\n"


def _form(request: Request, scope: Scope, tree: Tree, form: Output, first: bool) -> Any:
    if form.transform == "Table":
        metadata = {"resourceVersion": tree["metadata"].get("resourceVersion", "")}
        rows = [tree]
        return table.table(request, scope.resource, rows, metadata, form, headers=first)
    return table.partial(tree, form) if form.transform else tree
