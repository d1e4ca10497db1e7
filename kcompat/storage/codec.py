"""The stored form of objects: JSON bytes with kind, apiVersion and metadata first, resourceVersion left out.

`resourceVersion` is the store's revision, so it is spliced in when bytes are served: an object is `head + tail`, where the
head is the same for all objects of a resource and the tail begins at `"metadata"`. Lists join tails, watches send them;
nothing is decoded. Values that a kube-apiserver wrote (protobuf, or JSON in another order) are brought into this form once,
when they are read. Called by `storage/watch_cache.py` and `registry/store.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

Tree = dict[str, Any]

_METADATA = b'"metadata":{'

decode_json = orjson.loads


def encode(tree: Tree) -> bytes:
    """An object as stored. Key order: kind, apiVersion, metadata, the rest; without metadata.resourceVersion."""
    metadata = {name: value for name, value in tree["metadata"].items() if name != "resourceVersion"}
    ordered: Tree = {"kind": tree["kind"], "apiVersion": tree["apiVersion"], "metadata": metadata}
    for name, value in tree.items():
        if name not in ordered:
            ordered[name] = value
    return orjson.dumps(ordered)


def head(kind: str, api_version: str) -> bytes:
    """What comes before the tail in every object of a resource."""
    return orjson.dumps({"kind": kind, "apiVersion": api_version})[:-1] + b","


def tail(value: bytes, head_length: int, revision: int) -> bytes:
    """The served bytes after the head: metadata with resourceVersion in it, and all that follows."""
    return b'"metadata":{"resourceVersion":"%d",%b' % (revision, value[head_length + len(_METADATA) :])


def canonical(value: bytes, head_bytes: bytes, decode_foreign: Callable[[bytes], Tree]) -> bytes:
    """`value` if it is in our stored form for this head, else rewritten. `decode_foreign` answers with the head's kind and version."""
    if value.startswith(head_bytes) and value.startswith(_METADATA, len(head_bytes)):
        return value
    return encode(decode_foreign(value))
