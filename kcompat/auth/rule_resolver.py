"""Which RBAC rules apply to a user, from an index of bindings by subject (upstream: pkg/registry/rbac/validation/rule.go).

Called by the RBAC authorizer and the escalation check. Roles and bindings are read once through the Reader and then kept current by
its changes; nothing here does I/O afterwards. A cluster's roles are few beside its objects, so they are held as trees.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.following import Key, follow
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.reader import Reader
from kcompat.apimachinery.user import UserInfo
from kcompat.auth import service_accounts
from kcompat.auth.policy_rules import Rule

Tree = Mapping[str, Any]
GROUP = "rbac.authorization.k8s.io"


@dataclass(slots=True)
class Resolved:
    """Rules with where each comes from, and what could not be resolved."""

    rules: list[tuple[str, Rule]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class RoleNotFound(Exception):
    """The role a binding refers to is absent (text as listers say it), or its kind is unknown."""


class RuleResolver:
    """`generation` grows with every change of a role or binding: what was decided before may be wrong after."""

    def __init__(self, reader: Reader) -> None:
        self.generation = 0
        self._reader = reader
        self._roles: dict[Key, Tree] = {}
        self._bindings: dict[Key, Tree] = {}
        self._by_subject: dict[str, dict[str, set[str]]] = {}
        """Namespace → subject → names of the bindings that name it."""
        self._lock = asyncio.Lock()
        self._loaded = False

    async def load(self) -> None:
        """Reads everything when first called; cheap ever after. Everything else here needs it."""
        if self._loaded:
            return
        async with self._lock:
            if not self._loaded:
                for resource in ("clusterroles", "roles"):
                    await follow(self._reader, GROUP, resource, self._set_role)
                for resource in ("clusterrolebindings", "rolebindings"):
                    await follow(self._reader, GROUP, resource, self._set_binding)
                self._loaded = True

    def resolve(self, user: UserInfo, namespace: str) -> Resolved:
        """All rules for the user in the namespace; "" for cluster-scoped and non-resource requests."""
        resolved = Resolved()
        for scope in ("", namespace) if namespace else ("",):
            for binding, subject in self._applying(user, scope):
                try:
                    rules = self.rules_of(binding.get("roleRef") or {}, scope)
                except RoleNotFound as error:
                    resolved.errors.append(str(error))
                    continue
                source = _described(binding, subject, scope)
                resolved.rules += [(source, rule) for rule in rules]
        return resolved

    def rules_of(self, reference: Tree, namespace: str) -> list[Rule]:
        """The rules of the role a binding in this namespace refers to. Raises RoleNotFound."""
        kind, name = reference.get("kind", ""), reference.get("name", "")
        if kind not in ("Role", "ClusterRole"):
            raise RoleNotFound(f"unsupported role reference kind: {quote(kind)}")
        role = self._roles.get((namespace if kind == "Role" else "", name))
        if role is None or (kind == "Role" and not namespace):
            raise RoleNotFound(f"{kind.lower()}.{GROUP} {quote(name)} not found")
        return list(role.get("rules") or ())

    def _applying(self, user: UserInfo, namespace: str) -> Iterator[tuple[Tree, Tree]]:
        """Bindings of the namespace that name the user, each with its first subject that does."""
        by_subject = self._by_subject.get(namespace)
        if not by_subject:
            return
        keys = {f"User:{user.name}", *(f"Group:{group}" for group in user.groups)}
        names = {name for key in keys for name in by_subject.get(key, ())}
        for name in sorted(names):
            binding = self._bindings[namespace, name]
            yield binding, next(subject for subject in binding["subjects"] if _subject_key(subject, namespace) in keys)

    def _set_role(self, key: Key, role: Tree | None) -> None:
        self.generation += 1
        if role is None:
            self._roles.pop(key, None)
        else:
            self._roles[key] = role

    def _set_binding(self, key: Key, binding: Tree | None) -> None:
        self.generation += 1
        namespace, name = key
        by_subject = self._by_subject.setdefault(namespace, {})
        for subject in (self._bindings.pop(key, None) or {}).get("subjects") or ():
            subject_key = _subject_key(subject, namespace)
            names = by_subject.get(subject_key, set())
            names.discard(name)
            if not names:
                by_subject.pop(subject_key, None)
        if binding is not None:
            self._bindings[key] = binding
            for subject in binding.get("subjects") or ():
                by_subject.setdefault(_subject_key(subject, namespace), set()).add(name)
        if not by_subject:
            del self._by_subject[namespace]


def _subject_key(subject: Tree, namespace: str) -> str:
    """A service account is a user of a certain name; without a namespace it is one of the binding's (upstream: appliesToUser)."""
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind != "ServiceAccount":
        return f"{kind}:{name}"
    space = subject.get("namespace") or namespace
    return f"User:{service_accounts.username(space, name)}" if space else ""


def _described(binding: Tree, subject: Tree, namespace: str) -> str:
    """As the audit log names the source of a permission (upstream: roleBindingDescriber, clusterRoleBindingDescriber)."""
    reference = binding.get("roleRef") or {}
    kind, name = ("RoleBinding", f"{meta.name(binding)}/{namespace}") if namespace else ("ClusterRoleBinding", meta.name(binding))
    who = subject.get("name", "")
    if subject.get("kind") == "ServiceAccount":
        who = f"{who}/{subject.get('namespace') or namespace}"
    role = f"{reference.get('kind', '')} {quote(reference.get('name', ''))}"
    return f"{kind} {quote(name)} of {role} to {subject.get('kind', '')} {quote(who)}"
