"""Roles and role bindings (upstream: pkg/apis/rbac/validation, pkg/registry/rbac). Who may grant what is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, invalid, not_supported, required
from kcompat.apimachinery.names import name_is_dns_subdomain, name_is_path_segment
from kcompat.apimachinery.validation import immutable, validate_label_selector
from kcompat.registry.declare import Rules, Tree

GROUP = "rbac.authorization.k8s.io"
_ROLE_REF = Path("roleRef")
_INTERNAL_ROLE_REF = (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
_SELECTORS = Path("aggregationRule", "clusterRoleSelectors")


def _validate_rule(rule: Tree, namespaced: bool, path: Path) -> list[FieldError]:
    """ValidatePolicyRule, but for the required verbs, which are checked apart."""
    urls = rule.get("nonResourceURLs")
    if urls:
        errors, at = [], path.child("nonResourceURLs")
        if namespaced:
            errors.append(invalid(at, urls, "namespaced rules cannot apply to non-resource URLs"))
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            errors.append(invalid(at, urls, "rules cannot apply to both regular resources and non-resource URLs"))
        return errors
    wanted = (("apiGroups", "api group"), ("resources", "resource"))
    return [required(path.child(name), f"resource rules must supply at least one {what}") for name, what in wanted if not rule.get(name)]


def _validate_rules(rules: Sequence[Tree], namespaced: bool) -> list[FieldError]:
    return [error for index, rule in enumerate(rules) for error in _validate_rule(rule, namespaced, Path("rules").index(index))]


def _without_verbs(rules: Sequence[Tree]) -> list[FieldError]:
    """A declarative rule upstream, therefore after all others."""
    return [required(Path("rules").index(index).child("verbs")) for index, rule in enumerate(rules) if not rule.get("verbs")]


class _RBACRules(Rules):
    allow_create_on_update = True

    def prepare_for_create(self, obj: Tree) -> None:
        """There is no status to drop."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """There is no status to keep."""

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        return name_is_path_segment(name)


class RoleRules(_RBACRules):
    def validate(self, obj: Tree) -> list[FieldError]:
        rules = obj.get("rules") or ()
        return _validate_rules(rules, namespaced=True) + _without_verbs(rules)


class ClusterRoleRules(_RBACRules):
    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj, allow_invalid_values=False)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        selectors = meta.get(old, ("aggregationRule", "clusterRoleSelectors"), ())
        return self._validate(new, allow_invalid_values=any(validate_label_selector(selector, _SELECTORS) for selector in selectors))

    def _validate(self, obj: Tree, allow_invalid_values: bool) -> list[FieldError]:
        rules, aggregation = obj.get("rules") or (), obj.get("aggregationRule")
        errors = _validate_rules(rules, namespaced=False)
        if aggregation is not None:
            selectors = aggregation.get("clusterRoleSelectors") or ()
            if not selectors:
                errors.append(required(_SELECTORS, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
            for index, selector in enumerate(selectors):
                wrong = validate_label_selector(selector, _SELECTORS.index(index), allow_invalid_values=allow_invalid_values)
                errors += wrong
                if wrong:
                    errors.append(invalid(_SELECTORS.index(index), None, "invalid label selector."))
        return errors + _without_verbs(rules)


def _validate_subject(subject: Tree, namespaced: bool, path: Path) -> list[FieldError]:
    """ValidateRoleBindingSubject, but for the required name, which is checked apart."""
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    if kind in ("User", "Group"):
        return [] if group == GROUP else [not_supported(path.child("apiGroup"), group, (GROUP,), plain=True)]
    if kind != "ServiceAccount":
        return [not_supported(path.child("kind"), kind, ("ServiceAccount", "User", "Group"), plain=True)]
    name = subject.get("name", "")
    errors = [invalid(path.child("name"), name, message) for message in name_is_dns_subdomain(name)] if name else []
    if group:
        errors.append(not_supported(path.child("apiGroup"), group, ("",), plain=True))
    if not namespaced and not subject.get("namespace"):
        errors.append(required(path.child("namespace")))
    return errors


class RoleBindingRules(_RBACRules):
    namespaced = True
    kinds: tuple[str, ...] = ("Role", "ClusterRole")

    def default(self, obj: Tree) -> None:
        if not obj["roleRef"].get("apiGroup"):
            obj["roleRef"]["apiGroup"] = GROUP
        for subject in obj.get("subjects") or ():
            if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
                subject["apiGroup"] = GROUP

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._handwritten(obj) + self._without_names(obj)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        """A role that lost its name is reported first: where the whole field is immutable, upstream's declarative rules stop there."""
        errors = self._handwritten(new, nameless=[] if new["roleRef"].get("name") else [required(_ROLE_REF.child("name"))])
        if new["roleRef"] != old["roleRef"]:
            shown = {internal: new["roleRef"].get(name, "") for internal, name in _INTERNAL_ROLE_REF}
            errors += immutable(shown, None, _ROLE_REF)
        return errors + (self._without_names(new) if new["roleRef"] == old["roleRef"] else self._subjects_without_names(new))

    def _handwritten(self, obj: Tree, nameless: Sequence[FieldError] = ()) -> list[FieldError]:
        group, kind, name = (obj["roleRef"].get(part, "") for part in ("apiGroup", "kind", "name"))
        errors = [] if group == GROUP else [not_supported(_ROLE_REF.child("apiGroup"), group, (GROUP,), plain=True)]
        if kind not in self.kinds:
            errors.append(not_supported(_ROLE_REF.child("kind"), kind, self.kinds, plain=True))
        errors += [invalid(_ROLE_REF.child("name"), name, message) for message in name_is_path_segment(name)] if name else nameless
        for index, subject in enumerate(obj.get("subjects") or ()):
            errors += _validate_subject(subject, self.namespaced, Path("subjects").index(index))
        return errors

    def _without_names(self, obj: Tree) -> list[FieldError]:
        return self._subjects_without_names(obj) + ([] if obj["roleRef"].get("name") else [required(_ROLE_REF.child("name"))])

    def _subjects_without_names(self, obj: Tree) -> list[FieldError]:
        path = Path("subjects")
        return [required(path.index(index).child("name")) for index, subject in enumerate(obj.get("subjects") or ()) if not subject.get("name")]


class ClusterRoleBindingRules(RoleBindingRules):
    namespaced = False
    kinds = ("ClusterRole",)
