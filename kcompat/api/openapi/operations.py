"""The operations on each resource as upstream publishes them: paths, ids, parameters and answers. Pure; called by documents.

Answers apiserver pkg/endpoints/installer.go:registerResourceHandlers and pkg/endpoints/openapi (operation ids and tags).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kcompat.api.openapi.schemas import group_title
from kcompat.apimachinery.schema import facts, type_of

Facts = Mapping[str, Any]

JSON: Final = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
STREAMS: Final = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
ANY: Final = ("*/*",)
PATCHES: Final = (
    "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml",
)  # fmt: skip

PARAMETERS: Final = {
    "allowWatchBookmarks": "boolean", "continue": "string", "dryRun": "string", "fieldManager": "string", "fieldSelector": "string",
    "fieldValidation": "string", "force": "boolean", "gracePeriodSeconds": "integer",
    "ignoreStoreReadErrorWithClusterBreakingPotential": "boolean", "labelSelector": "string", "limit": "integer",
    "orphanDependents": "boolean", "pretty": "string", "propagationPolicy": "string", "resourceVersion": "string",
    "resourceVersionMatch": "string", "sendInitialEvents": "boolean", "shardSelector": "string", "timeoutSeconds": "integer",
    "watch": "boolean",
}  # fmt: skip
"""Query parameters of every resource and their types; those of connecting subresources are the fields of their options."""

_LIST: Final = (
    "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch",
    "sendInitialEvents", "shardSelector", "timeoutSeconds", "watch",
)  # fmt: skip
_CREATE: Final = ("dryRun", "fieldManager", "fieldValidation")
_PATCH: Final = (*_CREATE, "force")
_DELETE: Final = (
    "dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents", "propagationPolicy"
)  # fmt: skip
_DELETE_ALL: Final = tuple(sorted({*_DELETE, *_LIST} - {"allowWatchBookmarks", "watch"}))
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")

# Deleting one of these answers with the object, anything else with a Status (the storage's returnDeletedObject).
_ANSWERED_WITH_OBJECT: Final = frozenset({
    "csidrivers", "csinodes", "deviceclasses", "persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates", "resourceclaims",
    "resourceclaimtemplates", "resourcequotas", "resourceslices", "serviceaccounts", "services", "storageclasses", "volumeattachments",
    "volumeattributesclasses",
})  # fmt: skip
STATUS: Final = "meta/v1.Status"
DELETE_OPTIONS: Final = "meta/v1.DeleteOptions"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. Types are facts' names (`core/v1.Pod`), `string`, or None; parameters map query names to types."""

    path: str
    method: str
    id: str
    description: str
    tag: str
    action: str = ""
    gvk: tuple[str, str, str] | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    body_required: bool = True
    consumes: tuple[str, ...] = ANY
    produces: tuple[str, ...] = JSON
    answers: tuple[int, ...] = (200,)
    answer: str | None = None


def base_path(group: str, version: str) -> str:
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


def tag_of(group: str, version: str = "") -> str:
    first, *rest = group_title(group)
    return first + "".join(w.capitalize() for w in rest) + (f"_{version}" if version else "")


def title_of(group: str, version: str = "") -> str:
    return "".join(w[:1].upper() + w[1:] for w in group_title(group)) + version.capitalize()


def of_root(path: str) -> Iterator[Operation]:
    """The operation of a document without resources: `api`, `apis`, `apis/<group>`, `version` and the two of OpenID."""
    parts = path.split("/")
    if path == "version":
        yield _plain("/version/", "getCodeVersion", "get the version information for this server", "version", "version.Info", JSON[:1])
    elif path == ".well-known/openid-configuration":
        text = "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'"
        yield _plain(f"/{path}/", "getServiceAccountIssuerOpenIDConfiguration", text, "WellKnown", "string", JSON[:1])
    elif path == "openid/v1/jwks":
        text = "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)"
        yield _plain(f"/{path}/", "getServiceAccountIssuerOpenIDKeyset", text, "openid", "string", ("application/jwk-set+json",))
    elif path == "api":
        yield _plain("/api/", "getCoreAPIVersions", "get available API versions", "core", "meta/v1.APIVersions", JSON)
    elif path == "apis":
        yield _plain("/apis/", "getAPIVersions", "get available API versions", "apis", "meta/v1.APIGroupList", JSON)
    else:
        text, group = "get information of a group", parts[1]
        yield _plain(f"/apis/{group}/", f"get{title_of(group)}APIGroup", text, tag_of(group), "meta/v1.APIGroup", JSON)


def _plain(path: str, id: str, description: str, tag: str, answer: str, produces: tuple[str, ...]) -> Operation:
    consumes = produces if produces is JSON or answer == "version.Info" else ()
    return Operation(path, "get", id, description, tag, produces=produces, consumes=consumes, answer=answer)


def of_version(group: str, version: str) -> Iterator[Operation]:
    """All operations of a group version, from its resources' facts."""
    path, id = f"{base_path(group, version)}/", f"get{title_of(group, version)}APIResources"
    yield _plain(path, id, "get available resources", tag_of(group, version), "meta/v1.APIResourceList", JSON)
    for resource in facts.resources():
        if (resource["group"], resource["version"]) == (group, version):
            yield from _Builder(resource).operations()


class _Builder:
    def __init__(self, resource: Facts) -> None:
        self._resource = resource
        self._kind: str = resource["kind"]
        self._group, self._version = resource["group"], resource["version"]
        self._base = base_path(self._group, self._version)
        self._scope = "/namespaces/{namespace}" if resource["namespaced"] else ""
        self._collection = f"{self._base}{self._scope}/{resource['resource']}"
        self._noun = ("Namespaced" if resource["namespaced"] else "") + self._kind

    def operations(self) -> Iterator[Operation]:
        yield from self._collections()
        yield from self._items()
        for subresource in self._resource["subresources"]:
            yield from self._subresource(subresource)
        yield from self._watches()

    def _operation(self, path: str, method: str, verb: str, noun: str, description: str, action: str, **rest: Any) -> Operation:
        gvk = rest.pop("gvk", (self._group, self._version, self._kind))
        id = f"{verb}{title_of(self._group, self._version)}{noun}"
        tag = tag_of(self._group, self._version)
        return Operation(path, method, id, description, tag, action, gvk, **rest)

    def _type(self, kind: str, group: str = "", version: str = "") -> str:
        """The facts' name of a kind."""
        type = type_of(group or self._group, version or self._version, kind)
        if type is None:
            raise LookupError(f"no facts of {group}/{version} {kind}")
        return type.name

    def _collections(self) -> Iterator[Operation]:
        verbs, kind, type = self._resource["verbs"], self._kind, self._type(self._kind)
        watch = "list or watch" if "watch" in verbs else "list"
        listed: dict[str, Any] = {"parameters": typed(_LIST), "produces": JSON + STREAMS}
        if "list" in verbs:
            listed["answer"] = self._type(kind + "List")
            yield self._operation(self._collection, "get", "list", self._noun, f"{watch} objects of kind {kind}", "list", **listed)
        if "create" in verbs:
            yield self._operation(
                self._collection, "post", "create", self._noun, f"create {_a(kind)}", "post",
                parameters=typed(_CREATE), body=type, answers=(200, 201, 202), answer=type,
            )  # fmt: skip
        if "deletecollection" in verbs:
            yield self._operation(
                self._collection, "delete", "delete", f"Collection{self._noun}", f"delete collection of {kind}", "deletecollection",
                parameters=typed(_DELETE_ALL), answer=STATUS, body=DELETE_OPTIONS, body_required=False,
            )  # fmt: skip
        if "list" in verbs and self._scope:
            path = f"{self._base}/{self._resource['resource']}"
            yield self._operation(path, "get", "list", f"{kind}ForAllNamespaces", f"{watch} objects of kind {kind}", "list", **listed)

    def _items(self) -> Iterator[Operation]:
        verbs, kind = self._resource["verbs"], self._kind
        path, type = f"{self._collection}/{{name}}", self._type(kind)
        if "get" in verbs:
            yield self._operation(path, "get", "read", self._noun, f"read the specified {kind}", "get", answer=type)
        yield from self._changes(path, verbs, self._noun, "the specified " + kind, type)
        if "delete" in verbs:
            answer = type if self._resource["resource"] in _ANSWERED_WITH_OBJECT else STATUS
            yield self._operation(
                path, "delete", "delete", self._noun, f"delete {_a(kind)}", "delete",
                parameters=typed(_DELETE), answers=(200, 202), answer=answer, body=DELETE_OPTIONS, body_required=False,
            )  # fmt: skip

    def _changes(self, path: str, verbs: list[str], noun: str, object: str, type: str, **rest: Any) -> Iterator[Operation]:
        if "update" in verbs:
            yield self._operation(
                path, "put", "replace", noun, f"replace {object}", "put",
                parameters=typed(_CREATE), body=type, answers=(200, 201), answer=type, **rest,
            )  # fmt: skip
        if "patch" in verbs:
            yield self._operation(
                path, "patch", "patch", noun, f"partially update {object}", "patch", parameters=typed(_PATCH),
                body="meta/v1.Patch", answers=(200, 201), answer=type, consumes=PATCHES, **rest,
            )  # fmt: skip

    def _subresource(self, sub: Facts) -> Iterator[Operation]:
        name, verbs = sub["name"], sub["verbs"]
        group, version = sub.get("kindGroup", self._group), sub.get("kindVersion", self._version)
        path, noun = f"{self._collection}/{{name}}/{name}", self._noun + name.capitalize()
        if sub["kind"].endswith("Options"):
            yield from self._connects(path, sub)
            return
        type, gvk = self._type(sub["kind"], group, version), (group, version, sub["kind"])
        object = f"{name} of the specified {self._kind}"
        if "get" in verbs:
            answer, rest = (type, {}) if name != "log" else ("string", _log())
            yield self._operation(path, "get", "read", noun, f"read {object}", "get", gvk=gvk, answer=answer, **rest)
        yield from self._changes(path, verbs, noun, object, type, gvk=gvk)
        if "create" in verbs:
            yield self._operation(
                path, "post", "create", noun, f"create {name} of {_a(self._kind)}", "post", gvk=gvk,
                parameters=typed(_CREATE), body=type, answers=(200, 201, 202), answer=type,
            )  # fmt: skip

    def _connects(self, path: str, sub: Facts) -> Iterator[Operation]:
        """Subresources that hand the connection on answer to several methods, and proxies to any path below too."""
        name, proxied = sub["name"], sub["name"] == "proxy"
        noun, gvk = self._noun + name.capitalize(), (self._group, self._version, sub["kind"])
        for suffix, below in (("", ""), ("WithPath", "/{path}")) if proxied else (("", ""),):
            for method in _METHODS if proxied else ("get", "post"):
                text = f"connect {method.upper()} requests to {name} of {self._kind}"
                yield self._operation(
                    path + below, method, "connect", f"{method.capitalize()}{noun}{suffix}", text, "connect", gvk=gvk,
                    parameters=option_parameters(sub["kind"]), produces=ANY, answer="string",
                )  # fmt: skip

    def _watches(self) -> Iterator[Operation]:
        """The paths under /watch, deprecated but served."""
        verbs, kind = self._resource["verbs"], self._kind
        if "watch" not in verbs:
            return
        below = f"{self._base}/watch"
        listed: dict[str, Any] = {"parameters": typed(_LIST), "produces": JSON + STREAMS, "answer": "meta/v1.WatchEvent"}
        old = "deprecated: use the 'watch' parameter with a list operation instead"
        many = f"watch individual changes to a list of {kind}. {old}."
        one = f"watch changes to an object of kind {kind}. {old}, filtered to a single item with the 'fieldSelector' parameter."
        path = f"{below}{self._scope}/{self._resource['resource']}"
        yield self._operation(path, "get", "watch", f"{self._noun}List", many, "watchlist", **listed)
        yield self._operation(path + "/{name}", "get", "watch", self._noun, one, "watch", **listed)
        if self._scope:
            path = f"{below}/{self._resource['resource']}"
            yield self._operation(path, "get", "watch", f"{kind}ListForAllNamespaces", many, "watchlist", **listed)


def _log() -> dict[str, Any]:
    return {"parameters": option_parameters("PodLogOptions"), "produces": ("text/plain", *JSON)}


def typed(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, PARAMETERS[name]) for name in names)


def option_parameters(kind: str) -> tuple[tuple[str, str], ...]:
    """The query parameters that the fields of an options kind of core/v1 are."""
    type = type_of("", "v1", kind)
    kinds = {"string": "string", "bool": "boolean", "int32": "integer", "int64": "integer"}
    fields = [] if type is None else [f for f in type.fields.values() if f.name not in ("kind", "apiVersion")]
    return tuple((f.name, kinds[k]) for f in fields if (k := (f.type.element or f.type).kind) in kinds)


def _a(kind: str) -> str:
    """The kind with its article; plurals have none (endpoints/installer.go:GetArticleForNoun)."""
    if kind.endswith("s") and not kind.endswith("ss"):
        return kind
    return f"an {kind}" if kind[0] in "AEIOU" else f"a {kind}"
