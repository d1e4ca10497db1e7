"""RBAC's PolicyRules as pure functions: what they allow, and whether some cover others.

Answers upstream's pkg/apis/rbac/v1/evaluation_helpers.go, component-helpers auth/rbac/validation and pkg/registry/rbac/validation.
Called by the RBAC and Node authorizers, the escalation check and the bootstrap policy. A rule is a JSON tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kcompat.apimachinery.quote import quote

Rule = Mapping[str, Any]

_DESCRIBED = (
    ("APIGroups", "apiGroups"),
    ("Resources", "resources"),
    ("NonResourceURLs", "nonResourceURLs"),
    ("ResourceNames", "resourceNames"),
    ("Verbs", "verbs"),
)


def values(rule: Rule, field: str) -> Sequence[str]:
    return rule.get(field) or ()


def matches_resource(rule: Rule, verb: str, group: str, resource: str, subresource: str) -> bool:
    """Whether the rule is about this, for at least some names (see names)."""
    if not _has(rule, "verbs", verb) or not _has(rule, "apiGroups", group):
        return False
    return _matches_resource(values(rule, "resources"), resource, subresource)


def matches_path(rule: Rule, verb: str, path: str) -> bool:
    return _has(rule, "verbs", verb) and any(_url_covers(url, path) for url in values(rule, "nonResourceURLs"))


def allows(rule: Rule, verb: str, group: str, resource: str, subresource: str, name: str) -> bool:
    """Whether the rule allows this request for a resource."""
    names = values(rule, "resourceNames")
    return (not names or name in names) and matches_resource(rule, verb, group, resource, subresource)


def _has(rule: Rule, field: str, value: str) -> bool:
    given = values(rule, field)
    return value in given or "*" in given


def _matches_resource(resources: Sequence[str], resource: str, subresource: str) -> bool:
    if not subresource:
        return resource in resources or "*" in resources
    return f"{resource}/{subresource}" in resources or "*" in resources or f"*/{subresource}" in resources


def _url_covers(url: str, path: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*")))


def uncovered(owned: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The parts of the wanted rules that no owned rule covers, each with one verb, resource and name (upstream: Covers)."""
    return [part for rule in wanted for part in broken_down(rule) if not any(_covers(owner, part) for owner in owned)]


def broken_down(rule: Rule) -> Iterator[Rule]:
    """Equivalent rules with one verb and one resource, name or URL each (upstream: BreakdownRule)."""
    names = [{"resourceNames": [name]} for name in values(rule, "resourceNames")] or [{}]
    for group in values(rule, "apiGroups"):
        for resource in values(rule, "resources"):
            for verb in values(rule, "verbs"):
                for name in names:
                    yield {"apiGroups": [group], "resources": [resource], "verbs": [verb], **name}
    for url in values(rule, "nonResourceURLs"):
        for verb in values(rule, "verbs"):
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owner: Rule, part: Rule) -> bool:
    """`part` comes from broken_down (upstream: ruleCovers)."""
    owner_names, names = values(owner, "resourceNames"), values(part, "resourceNames")
    return (
        _covers_all(values(owner, "verbs"), values(part, "verbs"))
        and _covers_all(values(owner, "apiGroups"), values(part, "apiGroups"))
        and all(_covers_resource(values(owner, "resources"), resource) for resource in values(part, "resources"))
        and all(any(_path_covers(url, path) for url in values(owner, "nonResourceURLs")) for path in values(part, "nonResourceURLs"))
        and (not owner_names or (bool(names) and set(names) <= set(owner_names)))
    )


def _covers_all(owned: Sequence[str], wanted: Sequence[str]) -> bool:
    return "*" in owned or set(wanted) <= set(owned)


def _covers_resource(owned: Sequence[str], resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    return resource in owned or "*" in owned or (bool(slash) and f"*/{subresource}" in owned)


def _path_covers(owner: str, path: str) -> bool:
    return owner == path or (owner.endswith("*") and path.startswith(owner.rstrip("*")))


def compacted(rules: Iterable[Rule]) -> list[Rule]:
    """Rules that differ only in their verbs joined to one (upstream: CompactRules); made for what uncovered returns."""
    joined: dict[tuple[object, ...], dict[str, Any]] = {}
    others: list[Rule] = []
    for rule in rules:
        groups, resources, names = values(rule, "apiGroups"), values(rule, "resources"), values(rule, "resourceNames")
        if len(groups) != 1 or len(resources) != 1 or len(names) > 1 or values(rule, "nonResourceURLs"):
            others.append(rule)
            continue
        same = joined.setdefault((groups[0], resources[0], *names), {**rule, "verbs": []})
        same["verbs"] += values(rule, "verbs")
    return [*others, *joined.values()]


def described(rule: Rule) -> str:
    """As error messages show a rule (upstream: CompactString)."""
    parts = [f"{label}:{quoted(values(rule, field))}" for label, field in _DESCRIBED if values(rule, field)]
    return "{" + ", ".join(parts) + "}"


def quoted(texts: Iterable[str]) -> str:
    """A list of strings as Go's %q writes it."""
    return "[" + " ".join(map(quote, texts)) + "]"
