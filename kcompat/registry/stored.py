"""Values that another server stored, as our stored form: protobuf, and versions of the same kind that we do not store ourselves.

A kube-apiserver keeps most objects as protobuf, and a few kinds in a version older than the one it serves, whose fields are the same
(ClusterTrustBundle as v1beta1) or have been moved (`Resource.adopt`). What its release did not know yet is missing there, so defaults are
set as upstream sets them whenever it decodes. Called by `registry/store.py` for what `storage/codec.py` does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import orjson

from kcompat.apimachinery import protobuf
from kcompat.apimachinery.schema import decode, ordered, type_of
from kcompat.registry.declare import Resource, Tree

_PROTOBUF = protobuf.PREFIX


def reader(resource: Resource) -> Callable[[bytes], Tree]:
    """A function from foreign bytes to a tree in the version stored. It raises ValueError for what is no object of this resource."""
    served, stored = _api_version(resource.group, resource.version), storage_version(resource)
    in_order = key_order(resource)

    def read(value: bytes) -> Tree:
        tree: Tree = _protobuf(value, served) if value.startswith(_PROTOBUF) else orjson.loads(value)
        if tree.get("apiVersion") != stored and resource.adopt is not None:
            tree = resource.adopt(tree)
        return in_order(_defaulted(resource, _typed(resource, tree)) | {"kind": resource.kind, "apiVersion": stored})

    return read


def _typed(resource: Resource, tree: Tree) -> Tree:
    """As the stored version's type holds it; as it is where there are no facts."""
    described = _described(resource.group, resource.version, storage_version(resource), resource.kind)
    return decode(tree, *described).tree if type_of(*described) is not None else tree


def _defaulted(resource: Resource, tree: Tree) -> Tree:
    """With the defaults of the version stored, where that is the one the rules are for."""
    if resource.to_storage is None:
        resource.rules.default(tree)
    return tree


def key_order(resource: Resource) -> Callable[[Tree], Tree]:
    """A function that brings the keys of a tree in the version stored into Go's order."""

    def in_order(tree: Tree) -> Tree:
        return ordered(tree, *_described(resource.group, resource.version, storage_version(resource), resource.kind))

    return in_order


@cache
def _described(group: str, version: str, stored: str, kind: str) -> tuple[str, str, str]:
    """The version whose facts tell the stored one's fields: its own, else the served one, which has the same."""
    stored_group, _, stored_version = stored.rpartition("/")
    known = type_of(stored_group, stored_version, kind) is not None
    return (stored_group, stored_version, kind) if known else (group, version, kind)


def storage_version(resource: Resource) -> str:
    """The apiVersion that the resource is stored with."""
    group = resource.storage_group if resource.storage_version else resource.group  # "" is the core group
    return _api_version(group, resource.storage_version or resource.version)


def _protobuf(value: bytes, served: str) -> Tree:
    """The message, read as the served version's where its own version has no facts."""
    api_version, kind, message = protobuf.unwrap(value)
    group, _, version = api_version.rpartition("/")
    if type_of(group, version, kind) is None:
        value = protobuf.wrap(served, kind, message)
    return protobuf.decode(value)[2]


def _api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version
