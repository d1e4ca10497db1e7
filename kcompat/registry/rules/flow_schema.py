"""FlowSchema (upstream: pkg/registry/flowcontrol/flowschema, pkg/apis/flowcontrol/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta, names
from kcompat.apimachinery.field import FieldError, Path, duplicate, forbidden, invalid, not_supported, required
from kcompat.registry.declare import Tree
from kcompat.registry.rules.fields import dns_label, dns_subdomain
from kcompat.registry.rules.plain import StatusRules
from kcompat.registry.rules.pod.go_form import go_form

_SPEC, _CONDITIONS = Path("spec"), Path("status", "conditions")
_METHODS = ("ByNamespace", "ByUser")
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
_MAX_PRECEDENCE = 10000
_NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; "
_WITH_WILDCARD = "if '*' is present, must not specify other {}"


def _group_subjects(*groups: str) -> list[Tree]:
    return [{"kind": "Group", "group": {"name": group}} for group in groups]


def _everything(*groups: str) -> list[Tree]:
    resources = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    return [{
        "subjects": _group_subjects(*groups), "resourceRules": [resources],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    }]


MANDATORY = {
    "exempt": {
        "priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 1, "rules": _everything("system:masters"),
    },
    "catch-all": {
        "priorityLevelConfiguration": {"name": "catch-all"}, "matchingPrecedence": _MAX_PRECEDENCE,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": _everything("system:unauthenticated", "system:authenticated"),
    },
}
"""Specs that stay as they are."""


def condition_errors(obj: Tree) -> list[FieldError]:
    """Conditions have types, each its own."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(meta.conditions(obj)):
        kind, path = condition.get("type", ""), _CONDITIONS.index(index).child("type")
        errors += [duplicate(path, kind)] if kind in seen else []
        errors += [] if kind else [required(path)]
        seen.add(kind)
    return errors


def _precedence(name: str, spec: Tree) -> list[FieldError]:
    precedence, path = spec["matchingPrecedence"], _SPEC.child("matchingPrecedence")
    if precedence <= 0:
        return [invalid(path, precedence, "must be a positive value")]
    if precedence > _MAX_PRECEDENCE:
        return [invalid(path, precedence, f"must not be greater than {_MAX_PRECEDENCE}")]
    wrong = precedence == 1 and name != "exempt"
    return [invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")] if wrong else []


def _subject(subject: Tree, path: Path) -> list[FieldError]:
    kind = subject.get("kind", "")
    if kind not in _SUBJECTS:
        return [not_supported(path.child("kind"), kind, _SUBJECTS)]
    member = _SUBJECTS[kind]
    value, at = subject.get(member), path.child(member)
    if value is None:
        errors = [required(at, f"{member} is required when subject kind is '{kind}'")]
    else:
        name = value.get("name", "")
        errors = [] if name else [required(at.child("name"))]
        errors += _account(value, at) if kind == "ServiceAccount" else []
    others = [other for other in ("ServiceAccount", "User", "Group") if other != kind and subject.get(_SUBJECTS[other]) is not None]
    for other in others:
        detail = f"{_SUBJECTS[other]} is forbidden when subject kind is not '{other}'"
        errors.append(forbidden(path.child(_SUBJECTS[other]), detail))
    return errors


def _account(account: Tree, path: Path) -> list[FieldError]:
    name, namespace = account.get("name", ""), account.get("namespace", "")
    errors = dns_subdomain(name, path.child("name")) if name and name != "*" else []
    if not namespace:
        return [*errors, required(path.child("namespace"), "must specify namespace for service account")]
    return errors + dns_label(namespace, path.child("namespace"))


def _members(values: Sequence[str], path: Path, missing: str, kind: str) -> list[FieldError]:
    """Something must be there, and nothing beside a wildcard."""
    if not values:
        return [required(path, missing)]
    return [invalid(path, list(values), _WITH_WILDCARD.format(kind))] if "*" in values and len(values) > 1 else []


def _verbs(rule: Tree, path: Path) -> list[FieldError]:
    verbs, at = rule.get("verbs") or (), path.child("verbs")
    errors = _members(verbs, at, "verbs must contain at least one value", "verbs")
    unknown = "*" not in verbs and not set(verbs) <= set(_VERBS)
    return errors or ([not_supported(at, list(verbs), _VERBS)] if unknown else [])


def _resource_rule(rule: Tree, path: Path) -> list[FieldError]:
    errors = _verbs(rule, path)
    missing = "resource rules must supply at least one {}"
    errors += _members(rule.get("apiGroups") or (), path.child("apiGroups"), missing.format("api group"), "api groups")
    errors += _members(rule.get("resources") or (), path.child("resources"), missing.format("resource"), "resources")
    namespaces, at = rule.get("namespaces") or (), path.child("namespaces")
    if namespaces or not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        errors += _members(namespaces, at, detail, "namespaces")
    for index, namespace in enumerate(() if "*" in namespaces else namespaces):
        errors += [invalid(at.index(index), namespace, _NAMESPACE + message) for message in names.is_dns1123_label(namespace)]
    return errors


def _other_rule(rule: Tree, path: Path) -> list[FieldError]:
    urls, at = rule.get("nonResourceURLs") or (), path.child("nonResourceURLs")
    errors = _verbs(rule, path) + _members(urls, at, "nonResourceURLs must contain at least one value", "non-resource URLs")
    problems = ((index, url, _url_problem(url)) for index, url in enumerate(() if "*" in urls else urls))
    return errors + [invalid(at.index(index), url, problem) for index, url, problem in problems if problem]


def _url_problem(url: str) -> str:
    if not url.startswith("/"):
        return "must start with slash" if url else "must not be empty"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    wild = url.count("*")
    return "wildcard can only do suffix matching" if wild > 1 or (wild and not url.endswith("/*")) else ""


def _rule(rule: Tree, path: Path) -> list[FieldError]:
    subjects, resources, others = (rule.get(name) or () for name in ("subjects", "resourceRules", "nonResourceRules"))
    errors = [] if subjects else [required(path.child("subjects"), "subjects must contain at least one value")]
    for index, subject in enumerate(subjects):
        errors += _subject(subject, path.child("subjects").index(index))
    if not resources and not others:
        errors.append(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
    for index, item in enumerate(resources):
        errors += _resource_rule(item, path.child("resourceRules").index(index))
    for index, item in enumerate(others):
        errors += _other_rule(item, path.child("nonResourceRules").index(index))
    return errors


class FlowSchemaRules(StatusRules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        obj["spec"]["matchingPrecedence"] = obj["spec"].get("matchingPrecedence") or 1000

    def validate(self, obj: Tree) -> list[FieldError]:
        name, spec = meta.name(obj), obj["spec"]
        errors, method = _precedence(name, spec), spec.get("distinguisherMethod")
        if method is not None and method.get("type") not in _METHODS:
            shown = go_form(method, "flowcontrol/v1.FlowDistinguisherMethod")
            errors.append(not_supported(_SPEC.child("distinguisherMethod", "type"), shown, _METHODS))
        level, path = (spec.get("priorityLevelConfiguration") or {}).get("name", ""), _SPEC.child("priorityLevelConfiguration", "name")
        errors += dns_subdomain(level, path) if level else [required(path, "must reference a priority level")]
        for index, rule in enumerate(spec.get("rules") or ()):
            errors += _rule(rule, _SPEC.child("rules").index(index))
        if name in MANDATORY and spec != MANDATORY[name]:
            shown = go_form(spec, "flowcontrol/v1.FlowSchemaSpec")
            errors.append(invalid(_SPEC, shown, f"spec of '{name}' must equal the fixed value"))
        return errors + condition_errors(obj)

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        metadata_of_old(new, old)
        new["spec"] = old["spec"]

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return condition_errors(new)


def metadata_of_old(new: Tree, old: Tree) -> None:
    """Nothing of the metadata changes but managedFields."""
    kept = {name: value for name, value in old["metadata"].items() if name != "managedFields"}
    managed = new["metadata"].get("managedFields")
    new["metadata"] = kept if managed is None else {**kept, "managedFields": managed}
