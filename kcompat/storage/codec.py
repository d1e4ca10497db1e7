"""The stored form of objects: JSON bytes with kind, apiVersion and metadata first, resourceVersion left out.

`resourceVersion` is the store's revision, so it is spliced in, behind uid, when a version enters the cache: an object is `head + tail`, where the
head is the same for all objects of a resource and the tail begins at `"metadata"`. Lists join tails, watches send them;
nothing is decoded. Values that a kube-apiserver wrote (protobuf, or JSON in another order) are brought into this form once,
when they are read. Called by `storage/watch_cache.py` and `registry/store.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from kcompat.apimachinery import go_json

Tree = dict[str, Any]

_METADATA = b'"metadata":{'

_UID = b'"uid":"'
_BEFORE = ("name", "generateName", "namespace", "selfLink", "uid")
_REVISION = b'"resourceVersion":"'

decode_json = orjson.loads


def encode(tree: Tree, revision: str = "") -> bytes:
    """An object as stored. Key order: kind, apiVersion, metadata, the rest; without metadata.resourceVersion, or with this one."""
    metadata = {name: value for name, value in tree["metadata"].items() if name != "resourceVersion"}
    if revision:
        metadata = revised(metadata, revision)
    ordered: Tree = {"kind": tree["kind"], "apiVersion": tree["apiVersion"], "metadata": metadata}
    for name, value in tree.items():
        if name not in ordered:
            ordered[name] = value
    return go_json.dumps(ordered)


def head(kind: str, api_version: str) -> bytes:
    """What comes before the tail in every object of a resource."""
    return orjson.dumps({"kind": kind, "apiVersion": api_version})[:-1] + b","


def tail(value: bytes, head_length: int, revision: int) -> bytes:
    """The served bytes after the head: metadata with resourceVersion behind uid, where upstream has it, and all that follows."""
    uid = value.find(_UID, head_length)
    if uid < 0 or value.find(b"{", head_length + len(_METADATA), uid) >= 0:  # no uid of its own, or not where we write it
        return _spliced(value, head_length, revision)
    at = value.index(b'"', uid + len(_UID)) + 1
    return b'%b,"resourceVersion":"%d"%b' % (value[head_length:at], revision, value[at:])


def _spliced(value: bytes, head_length: int, revision: int) -> bytes:
    tree = orjson.loads(value)
    return go_json.dumps({**tree, "metadata": revised(tree["metadata"], str(revision))})[head_length:]


def revised(metadata: Tree, revision: str) -> Tree:
    """A copy with this resourceVersion, in its place."""
    if "resourceVersion" in metadata:
        return {**metadata, "resourceVersion": revision}
    before = {name: value for name, value in metadata.items() if name in _BEFORE}
    return before | {"resourceVersion": revision} | metadata


def moved(tail: bytes, revision: int) -> bytes:
    """A tail at another revision."""
    start = tail.index(_REVISION) + len(_REVISION)
    return b'%b%d%b' % (tail[:start], revision, tail[tail.index(b'"', start) :])


def canonical(value: bytes, head_bytes: bytes, decode_foreign: Callable[[bytes], Tree]) -> bytes:
    """`value` if it is in our stored form for this head, else rewritten. `decode_foreign` answers with the head's kind and version."""
    if value.startswith(head_bytes) and value.startswith(_METADATA, len(head_bytes)):
        return value
    return encode(decode_foreign(value))
