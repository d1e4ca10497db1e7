"""Which requests a FlowSchema is about. Pure; called by `control.py`. Upstream: util/flowcontrol/rule.go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kcompat.api.request import RequestInfo, Tree
from kcompat.apimachinery import meta
from kcompat.apimachinery.user import UserInfo

_ACCOUNT = "system:serviceaccount:"


def in_order(schemas: Iterable[Tree]) -> list[Tree]:
    """As they are tried: by precedence, then by name."""
    return sorted(schemas, key=lambda schema: (schema["spec"].get("matchingPrecedence", 0), meta.name(schema)))


def matches(schema: Tree, user: UserInfo, info: RequestInfo) -> bool:
    """Whether one of its rules is about the subject and what it asks for."""
    return any(
        any(_is_subject(subject, user) for subject in rule.get("subjects") or ()) and _asks(rule, info)
        for rule in schema["spec"].get("rules") or ()
    )


def _is_subject(subject: Tree, user: UserInfo) -> bool:
    match subject.get("kind"):
        case "User":
            return (subject.get("user") or {}).get("name") in ("*", user.name)
        case "Group":
            group = (subject.get("group") or {}).get("name")
            return group == "*" or group in user.groups
        case "ServiceAccount":
            account = subject.get("serviceAccount") or {}
            wanted = f"{_ACCOUNT}{account.get('namespace', '')}:"
            name = account.get("name", "")
            return user.name.startswith(wanted) if name == "*" else user.name == wanted + name
    return False


def _asks(rule: Tree, info: RequestInfo) -> bool:
    if info.resource_request:
        return any(_is_resource(each, info) for each in rule.get("resourceRules") or ())
    return any(_holds(each.get("verbs"), info.verb) and _is_path(each, info.path) for each in rule.get("nonResourceRules") or ())


def _is_resource(rule: Tree, info: RequestInfo) -> bool:
    resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    wanted = ((rule.get("verbs"), info.verb), (rule.get("resources"), resource), (rule.get("apiGroups"), info.group))
    if not all(_holds(values, value) for values, value in wanted):
        return False
    return _holds(rule.get("namespaces"), info.namespace) if info.namespace else bool(rule.get("clusterScope"))


def _is_path(rule: Tree, path: str) -> bool:
    return any(url in ("*", path) or path.startswith(url.removesuffix("*").removesuffix("/") + "/") for url in rule.get("nonResourceURLs") or ())


def _holds(values: Sequence[str] | None, value: str) -> bool:
    """The wildcard counts only where it stands alone."""
    return values is not None and (value in values or list(values) == ["*"])
