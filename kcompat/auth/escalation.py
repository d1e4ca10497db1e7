"""Nobody grants rights they do not have (upstream: pkg/registry/rbac: escalation_check.go, validation/rule.go, */policybased/storage.go).

EscalationCheck.check is the `guard` of the admission chain: it sees an object after mutation and before validation, as upstream does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.user import MASTERS, UserInfo
from kcompat.auth.interface import AuthorizationAttributes, Authorizer, Decision
from kcompat.auth.policy_rules import Rule, compacted, described, quoted, uncovered
from kcompat.auth.rule_resolver import GROUP, RoleNotFound, RuleResolver

Tree = Mapping[str, Any]

_ROLES = ("roles", "clusterroles")
_BINDINGS = ("rolebindings", "clusterrolebindings")
_EVERYTHING: Sequence[Rule] = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)
_COLLECTED = ("ownerReferences", "finalizers", "managedFields")
"""Metadata that garbage collection changes."""


class Write(Protocol):
    """What is about to be written: admission's Attributes."""

    @property
    def operation(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def user(self) -> UserInfo: ...
    @property
    def object(self) -> dict[str, Any] | None: ...
    @property
    def old_object(self) -> dict[str, Any] | None: ...


class EscalationCheck:
    """Writes to roles need the verb escalate, writes to bindings the verb bind, or every right that would be granted."""

    def __init__(self, authorizer: Authorizer, resolver: RuleResolver) -> None:
        self._authorizer = authorizer
        self._resolver = resolver

    async def check(self, write: Write) -> None:
        """Raises the StatusError that denies."""
        if write.group != GROUP or write.subresource or write.object is None or write.operation not in ("CREATE", "UPDATE"):
            return
        if MASTERS in write.user.groups or (write.old_object is not None and only_collected(write.object, write.old_object)):
            return
        await self._resolver.load()
        if write.resource in _ROLES:
            await self._check_role(write, write.object)
        elif write.resource in _BINDINGS:
            await self._check_binding(write, write.object)

    async def _check_role(self, write: Write, role: Tree) -> None:
        if await self._may(write, "escalate", write.resource, write.name):
            return
        if problem := self._exceeds(write, role.get("rules") or ()):
            raise _forbidden(write, problem)
        if (_aggregates(role) or _aggregates(write.old_object or {})) and self._exceeds(write, _EVERYTHING):
            raise _forbidden(write, "must have cluster-admin privileges to use the aggregationRule")

    async def _check_binding(self, write: Write, binding: Tree) -> None:
        reference = binding.get("roleRef") or {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        if kind in ("Role", "ClusterRole") and await self._may(write, "bind", f"{kind.lower()}s", name, reference.get("apiGroup", "")):
            return
        if kind == "Role" and not write.namespace:
            raise errors.bad_request("Namespace parameter required.")
        try:
            rules = self._resolver.rules_of(reference, write.namespace)
        except RoleNotFound as error:
            if kind in ("Role", "ClusterRole"):
                raise errors.not_found(GROUP, write.resource, name) from None
            raise StatusError(500, "", str(error)) from None
        if problem := self._exceeds(write, rules):
            raise _forbidden(write, problem)

    async def _may(self, write: Write, verb: str, resource: str, name: str, group: str = GROUP) -> bool:
        attributes = AuthorizationAttributes(write.user, verb, group, "*", resource, "", write.namespace, name)
        return (await self._authorizer.authorize(attributes)).decision is Decision.ALLOW

    def _exceeds(self, write: Write, rules: Sequence[Rule]) -> str:
        resolved = self._resolver.resolve(write.user, write.namespace)
        return exceeded(write.user, [rule for _, rule in resolved.rules], rules, resolved.errors)


def exceeded(user: UserInfo, owned: Sequence[Rule], granted: Sequence[Rule], problems: Sequence[str] = ()) -> str:
    """What is wrong with the user granting these rules; empty: nothing (upstream: ConfirmNoEscalation)."""
    missing = uncovered(owned, granted)
    if not missing:
        return ""
    lines = "\n".join(sorted({described(rule) for rule in compacted(missing)}))
    who = f"user {quote(user.name)} (groups={quoted(user.groups)})"
    resolution = f"; resolution errors: [{' '.join(problems)}]" if problems else ""
    return f"{who} is attempting to grant RBAC permissions not currently held:\n{lines}{resolution}"


def only_collected(new: Tree, old: Tree) -> bool:
    """Whether an update changes nothing but what garbage collection does (upstream: IsOnlyMutatingGCFields)."""
    return _without_collected(new) == _without_collected(old)


def _without_collected(tree: Tree) -> dict[str, Any]:
    return {**tree, "metadata": {name: value for name, value in meta.metadata(tree).items() if name not in _COLLECTED}}


def _aggregates(role: Tree) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _forbidden(write: Write, problem: str) -> StatusError:
    return errors.forbidden(write.group, write.resource, meta.name(write.object or {}), problem)
