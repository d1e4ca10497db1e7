"""Discovery: /api, /apis, groups and versions; plain and aggregated. Called by `api/documents.py`.

Upstream: apiserver endpoints/discovery and endpoints/discovery/aggregated. Documents are made from the catalog when asked for.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from kcompat.api.negotiate import SUPPORTED, parse_accept
from kcompat.registry.catalog import Catalog
from kcompat.registry.declare import Resource, Subresource

Tree = dict[str, Any]
AGGREGATED = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def aggregated_type(accept: str) -> str:
    """The media type of the first clause that asks for aggregated discovery, "" when none does; other clauses do not count."""
    for clause in parse_accept(accept) if accept else ():
        asked = (clause.parameter("g"), clause.parameter("v"), clause.parameter("as"))
        if asked == ("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList"):
            if media_type := next((type_ for type_ in SUPPORTED if clause.covers(type_)), ""):
                return media_type
    return ""


def etag(document: Tree) -> str:
    return hashlib.sha512(orjson.dumps(document)).hexdigest().upper()


def group_order(catalog: Catalog) -> list[str]:
    return [name for name in catalog.groups() if name]


def core_versions(address: str) -> Tree:
    """/api"""
    client_cidrs = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": client_cidrs}


def group(catalog: Catalog, name: str) -> Tree:
    """/apis/<group>, without kind and apiVersion as an item of the list."""
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in catalog.versions(name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def group_list(catalog: Catalog) -> Tree:
    """/apis"""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(catalog, name) for name in group_order(catalog)]}


def resource_list(catalog: Catalog, group_name: str, version: str) -> Tree:
    """/api/v1 and /apis/<group>/<version>"""
    head: Tree = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if group_name else {})
    resources = [entry for resource in _sorted(catalog, group_name, version) for entry in _entries(resource)]
    return {**head, "groupVersion": f"{group_name}/{version}" if group_name else version, "resources": resources}


def _sorted(catalog: Catalog, group_name: str, version: str) -> list[Resource]:
    return sorted(catalog.resources(group_name, version), key=lambda resource: resource.name)


def _entries(resource: Resource) -> list[Tree]:
    main: Tree = {
        "name": resource.name,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        main["shortNames"] = list(resource.short)
    if resource.categories:
        main["categories"] = list(resource.categories)
    if resource.storage_version_hash:
        main["storageVersionHash"] = resource.storage_version_hash
    return [main, *(_sub_entry(resource, sub) for sub in sorted(resource.subresources, key=lambda sub: sub.name))]


def _sub_entry(resource: Resource, sub: Subresource) -> Tree:
    entry: Tree = {"name": f"{resource.name}/{sub.name}", "singularName": "", "namespaced": resource.namespaced}
    if _foreign(resource, sub):
        entry.update(group=sub.group, version=sub.version)
        if not sub.group:
            del entry["group"]
    entry.update(kind=sub.kind or resource.kind, verbs=list(sub.verbs))
    return entry


def _foreign(resource: Resource, sub: Subresource) -> bool:
    """Whether the subresource's kind is of another group version."""
    return bool(sub.kind) and (sub.group, sub.version) != (resource.group, resource.version)


def aggregated(catalog: Catalog, core: bool) -> Tree:
    """/api or /apis as an APIGroupDiscoveryList."""
    names = [""] if core else group_order(catalog)
    items = [_aggregated_group(catalog, name) for name in names]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_group(catalog: Catalog, name: str) -> Tree:
    versions = [
        {"version": v, "resources": [_aggregated_resource(r) for r in _sorted(catalog, name, v)], "freshness": "Current"}
        for v in catalog.versions(name)
    ]
    return {"metadata": {"name": name} if name else {}, "versions": versions}


def _aggregated_resource(resource: Resource) -> Tree:
    entry: Tree = {
        "resource": resource.name,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        entry["shortNames"] = list(resource.short)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [_aggregated_sub(resource, s) for s in sorted(resource.subresources, key=lambda sub: sub.name)]
    return entry


def _aggregated_sub(resource: Resource, sub: Subresource) -> Tree:
    group_name, version = (sub.group, sub.version) if _foreign(resource, sub) else ("", "")
    kind = {"group": group_name, "version": version, "kind": sub.kind or resource.kind}
    return {"subresource": sub.name, "responseKind": kind, "verbs": list(sub.verbs)}
