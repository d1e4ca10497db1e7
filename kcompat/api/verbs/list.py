"""GET of a collection: the stored bytes joined. Upstream: apiserver endpoints/handlers/get.go:ListResource."""

from __future__ import annotations

from collections.abc import Iterator

from kcompat.api import parameters, respond, table
from kcompat.api.negotiate import Output
from kcompat.api.request import Answer, Pieces, Request, Response, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import go_json
from kcompat.registry.listing import Listed, list_objects

_BETWEEN, _END = b",{", b"]}\n"
_PIECE = 128 * 1024
"""Bytes of a list that are joined, encrypted and sent at a time: few enough that each step finds them in the processor's cache
and that the allocator uses the same memory again."""


async def handle(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    listed = await list_objects(scope.store, scope.namespace, parameters.list_options(request, scope))
    return list_response(request, scope, listed, form)


def list_response(request: Request, scope: Scope, listed: Listed, form: Output) -> Response:
    metadata = list_metadata(listed)
    resource = scope.resource
    if form.plain and resource.from_storage is None and not request.local:
        return Response(body=join(scope, listed, metadata))
    items = [trim(tree) for tree in trees(scope, listed)]
    if form.transform:
        whole = [{"kind": resource.kind, "apiVersion": resource.api_version, **item} for item in items]
        return respond.tree_response(request, table.transform_list(request, resource, whole, metadata, form), form)
    document: Tree = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata, "items": items}
    return respond.tree_response(request, document, form)


def list_metadata(listed: Listed) -> Tree:
    metadata: Tree = {"resourceVersion": str(listed.revision)}
    if listed.continue_token:
        metadata["continue"] = listed.continue_token
    if listed.remaining is not None:
        metadata["remainingItemCount"] = listed.remaining
    return metadata


def trees(scope: Scope, listed: Listed) -> list[Tree]:
    convert = scope.resource.from_storage
    if convert is None:
        return [entry.peek() for entry in listed.entries]
    return [convert(entry.peek()) for entry in listed.entries]


def trim(tree: Tree) -> Tree:
    """Items of typed lists carry no kind and apiVersion."""
    return {name: value for name, value in tree.items() if name not in ("kind", "apiVersion")}


def join(scope: Scope, listed: Listed, metadata: Tree) -> bytes | Pieces:
    """The whole list from the items' stored bytes."""
    resource = scope.resource
    start = go_json.dumps({"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata})[:-1]
    if not listed.entries:
        return start + b',"items":[]}\n'
    start += b',"items":[{'
    tails = [entry.tail for entry in listed.entries]
    length = len(start) + sum(map(len, tails)) + len(_BETWEEN) * (len(tails) - 1) + len(_END)
    if length <= _PIECE:
        return b"".join((start, _BETWEEN.join(tails), _END))
    return Pieces(length, _pieces(start, tails, max(1, len(tails) * _PIECE // length)))


def _pieces(start: bytes, tails: list[bytes], step: int) -> Iterator[bytes]:
    """`step` items at a time."""
    last = len(tails) - 1
    for low in range(0, len(tails), step):
        items = tails[low : low + step]
        items[0] = start + items[0]
        if low + step > last:
            items[-1] += _END
        yield _BETWEEN.join(items)
        start = _BETWEEN
