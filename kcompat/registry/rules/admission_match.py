"""What admission webhooks and policies match: rules, selectors, conditions, parameters (pkg/apis/admissionregistration/validation).

Called by the rules of admissionregistration.k8s.io. Pure. CEL expressions must be there; they are not compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery.field import FieldError, Path, Raw, duplicate, forbidden, invalid, not_supported, required, too_many
from kcompat.apimachinery.names import is_dns1035_label, is_dns1123_subdomain, is_path_segment_name
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.validation import validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules.fields import label_key

FAILURE_POLICIES: Final = ("Fail", "Ignore")
MATCH_POLICIES: Final = ("Equivalent", "Exact")
REINVOCATIONS: Final = ("IfNeeded", "Never")
_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MUTATING: Final = ("*", "CONNECT", "CREATE", "UPDATE")
_SCOPES: Final = ("*", "Cluster", "Namespaced")
_ONLY: Final = "if '*' is present, must not specify other {}"
_MAX_CONDITIONS: Final = 64
_STATIC: Final = ".static.k8s.io"
_EXCLUSIVE: Final = "name and selector are mutually exclusive"


def reserved_name(name: str) -> list[FieldError]:
    """Names of configurations that stand in files (ValidateStaticSuffix)."""
    detail = f'names ending with "{_STATIC}" are reserved for static manifest-based configurations and cannot be managed via the API'
    return [invalid(Path("metadata", "name"), name, detail)] if name.endswith(_STATIC) else []


def reserved_name_warnings(name: str) -> list[str]:
    return [f"metadata.name: {error.detail}" for error in reserved_name(name)]


def default_rules(rules: Sequence[Tree] | None) -> None:
    for rule in rules or ():
        rule.setdefault("scope", "*")


def default_match(match: Tree | None) -> None:
    """SetDefaults_MatchResources."""
    if match is None:
        return
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    default_rules(match.get("resourceRules"))
    default_rules(match.get("excludeResourceRules"))


def _wildcard(values: Sequence[str], path: Path, others: str) -> list[FieldError]:
    """Values are there, and nothing beside a wildcard."""
    errors = [] if values else [required(path)]
    return [*errors, invalid(path, list(values), _ONLY.format(others))] if "*" in values and len(values) > 1 else errors


def _resources(resources: Sequence[str], path: Path) -> list[FieldError]:
    """validateResources: `pods`, `pods/log`, `pods/*`, `*/scale`, `*`, `*/*`."""
    errors = [] if resources else [required(path)]
    all_of: set[str] = set()
    everywhere: set[str] = set()
    plain = False
    for index, resource in enumerate(resources):
        name, slash, part = resource.partition("/")
        at = path.index(index)
        if not resource:
            errors.append(required(at))
        elif not slash:
            plain = resource != "*"
        else:
            errors += [invalid(at, resource, f"if '{name}/*' is present, must not specify {resource}")] if name in all_of else []
            errors += [invalid(at, resource, f"if '*/{part}' is present, must not specify {resource}")] if part in everywhere else []
            all_of |= {name} if part == "*" else set()
            everywhere |= {part} if name == "*" else set()
    if len(resources) > 1 and "*/*" in resources:
        errors.append(invalid(path, list(resources), "if '*/*' is present, must not specify other resources"))
    if "*" in resources and plain:
        errors.append(invalid(path, list(resources), _ONLY.format("resources without subresources")))
    return errors


def rule_errors(rule: Tree, path: Path) -> list[FieldError]:
    """validateRuleWithOperations."""
    operations, groups, versions = (rule.get(name) or () for name in ("operations", "apiGroups", "apiVersions"))
    at = path.child("operations")
    errors = _wildcard(operations, at, "operations")
    errors += [not_supported(at.index(i), operation, _OPERATIONS) for i, operation in enumerate(operations) if operation not in _OPERATIONS]
    errors += _wildcard(groups, path.child("apiGroups"), "API groups")
    at = path.child("apiVersions")
    errors += _wildcard(versions, at, "API versions") + [required(at.index(i)) for i, version in enumerate(versions) if not version]
    errors += _resources(rule.get("resources") or (), path.child("resources"))
    scope = rule.get("scope")
    return errors + ([not_supported(path.child("scope"), scope, _SCOPES)] if scope is not None and scope not in _SCOPES else [])


def _named_rule(rule: Tree, path: Path) -> list[FieldError]:
    names, errors = rule.get("resourceNames") or (), list[FieldError]()
    for index, name in enumerate(names):
        at = path.child("resourceNames").index(index)
        errors += [invalid(at, name, message) for message in is_path_segment_name(name)]
        errors += [duplicate(at, name)] if name in names[:index] else []
    return errors + rule_errors(rule, path)


def match_errors(match: Tree | None, path: Path) -> list[FieldError]:
    """validateMatchResources, of defaulted ones."""
    if match is None:
        return []
    policy = match["matchPolicy"]
    errors = [] if policy in MATCH_POLICIES else [not_supported(path.child("matchPolicy"), policy, MATCH_POLICIES)]
    for name in ("namespaceSelector", "objectSelector"):
        errors += validate_label_selector(match[name], path.child(name))
    for name in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(name) or ()):
            errors += _named_rule(rule, path.child(name).index(index))
    return errors


def mutable_errors(match: Tree | None, path: Path) -> list[FieldError]:
    """What is deleted cannot be mutated."""
    operations = (operation for rule in (match or {}).get("resourceRules") or () for operation in rule.get("operations") or ())
    at = path.child("resourceRules", "operations")
    return [not_supported(at, operation, _MUTATING) for operation in operations if operation not in _MUTATING]


def condition_errors(conditions: Sequence[Tree], path: Path) -> list[FieldError]:
    """validateMatchConditions."""
    errors = [too_many(path, len(conditions), _MAX_CONDITIONS)] if len(conditions) > _MAX_CONDITIONS else []
    names = [condition.get("name", "") for condition in conditions]
    for index, condition in enumerate(conditions):
        at, name = path.index(index), names[index]
        errors += [] if condition.get("expression", "").strip() else [required(at.child("expression"))]
        errors += label_key(name, at.child("name")) if name else [required(at.child("name"))]
        errors += [duplicate(at.child("name"), name)] if name and name in names[:index] else []
    return errors


def param_kind_errors(kind: Tree, path: Path) -> list[FieldError]:
    """validateParamKind."""
    version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    errors = _group_version(version, path.child("apiVersion")) if version else [required(path.child("apiVersion"))]
    at = path.child("kind")
    if not name:
        return [*errors, required(at)]
    problems = is_dns1035_label(name.lower())
    detail = f"may have mixed case, but should otherwise match: {','.join(problems)}"
    return [*errors, invalid(at, name, detail)] if problems else errors


def _group_version(text: str, path: Path) -> list[FieldError]:
    if text.count("/") > 1:
        return [invalid(path, text, f"unexpected GroupVersion string: {text}")]
    group, _, version = text.rpartition("/")
    errors = [invalid(path, group, ",".join(problems))] if group and (problems := is_dns1123_subdomain(group)) else []
    if not version:
        return [*errors, invalid(path, text, "version must be specified")]
    return errors + ([invalid(path, version, ",".join(problems))] if (problems := is_dns1035_label(version)) else [])


def param_ref_errors(ref: Tree | None, path: Path) -> list[FieldError]:
    """validateParamRef."""
    if ref is None:
        return []
    name, selector, action = ref.get("name", ""), ref.get("selector"), ref.get("parameterNotFoundAction")
    errors = [invalid(path.child("name"), name, message) for message in is_path_segment_name(name)] if name else []
    both = bool(name) and selector is not None
    errors += [forbidden(path.child("name"), _EXCLUSIVE)] if both else []
    errors += validate_label_selector(selector, path.child("selector"))
    errors += [forbidden(path.child("selector"), _EXCLUSIVE)] if both else []
    errors += [required(path, "one of name or selector must be specified")] if not name and selector is None else []
    at = path.child("parameterNotFoundAction")
    if not action:
        return [*errors, required(at)]
    return errors if action in ("Deny", "Allow") else [*errors, not_supported(at, Raw(quote(action)), ("Deny", "Allow"))]
