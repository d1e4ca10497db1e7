"""Role-based access control (upstream: plugin/pkg/auth/authorizer/rbac/rbac.go)."""

from __future__ import annotations

from dataclasses import dataclass, field

from kcompat.apimachinery.field import aggregate
from kcompat.apimachinery.user import UserInfo
from kcompat.auth.interface import AuthorizationAttributes, Decision, Rules, Verdict
from kcompat.auth.policy_rules import Rule, matches_path, matches_resource, values
from kcompat.auth.rule_resolver import Resolved, RuleResolver

_REMEMBERED = 50_000

GrantKey = tuple[str, tuple[str, ...], str, str, tuple[str, ...]]
"""User, groups, namespace, verb, and what: group, resource and subresource, or a path alone."""


@dataclass(slots=True)
class _Grant:
    """Everything decided about one user, verb and resource: for certain names, and for all others."""

    otherwise: Verdict
    names: dict[str, Verdict] = field(default_factory=dict)


class RbacAuthorizer:
    """Decides once for all names of a resource and remembers it until a role or binding changes."""

    def __init__(self, resolver: RuleResolver) -> None:
        self._resolver = resolver
        self._grants: dict[GrantKey, _Grant] = {}
        self._generation = -1

    async def authorize(self, attributes: AuthorizationAttributes) -> Verdict:
        await self._resolver.load()
        if self._generation != self._resolver.generation or len(self._grants) >= _REMEMBERED:
            self._grants.clear()
            self._generation = self._resolver.generation
        user = attributes.user
        what = (attributes.group, attributes.resource, attributes.subresource) if attributes.resource_request else (attributes.path,)
        key = (user.name, user.groups, attributes.namespace, attributes.verb, what)
        grant = self._grants.get(key)
        if grant is None:
            grant = self._grants[key] = self._decide(attributes)
        return grant.names.get(attributes.name, grant.otherwise)

    async def rules_for(self, user: UserInfo, namespace: str) -> Rules:
        await self._resolver.load()
        resolved = self._resolver.resolve(user, namespace)
        rules = [rule for _, rule in resolved.rules]
        resources = [_part(rule, "verbs", "apiGroups", "resources", "resourceNames") for rule in rules if values(rule, "resources")]
        paths = [_part(rule, "verbs", "nonResourceURLs") for rule in rules if values(rule, "nonResourceURLs")]
        return resources, paths, False, aggregate(resolved.errors) if resolved.errors else ""

    def _decide(self, attributes: AuthorizationAttributes) -> _Grant:
        resolved = self._resolver.resolve(attributes.user, attributes.namespace)
        grant = _Grant(_refusal(resolved))
        for source, rule in resolved.rules:
            if not _is_about(rule, attributes):
                continue
            verdict = Verdict(Decision.ALLOW, f"RBAC: allowed by {source}")
            names = values(rule, "resourceNames") if attributes.resource_request else ()
            if not names:
                grant.otherwise = verdict
                break
            for name in names:
                grant.names.setdefault(name, verdict)
        return grant


def _is_about(rule: Rule, attributes: AuthorizationAttributes) -> bool:
    if attributes.resource_request:
        return matches_resource(rule, attributes.verb, attributes.group, attributes.resource, attributes.subresource)
    return matches_path(rule, attributes.verb, attributes.path)


def _refusal(resolved: Resolved) -> Verdict:
    return Verdict(Decision.NO_OPINION, f"RBAC: {aggregate(resolved.errors)}" if resolved.errors else "")


def _part(rule: Rule, *fields: str) -> dict[str, object]:
    return {name: rule[name] for name in fields if rule.get(name)}
