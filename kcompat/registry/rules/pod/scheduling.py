"""Where a pod may run: affinity, node selectors, tolerations, spread constraints. Called by spec, update and other kinds' rules.

Answers pkg/apis/core/validation/validation.go:validateAffinity, ValidateNodeSelector, ValidateTolerations and others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.label_selectors import parse_int64
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.validation import validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.checks import NONE, Errors, dns_subdomain, invalid_each, qualified_name
from kcompat.registry.rules.pod.options import Options

REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
TAINT_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_SPREAD_ACTIONS: Final = ("DoNotSchedule", "ScheduleAnyway")
_INCLUSION_POLICIES: Final = ("Honor", "Ignore")


def affinity(tree: Tree | None, at: Path, options: Options) -> list[FieldError]:
    """validateAffinity."""
    errors: list[FieldError] = []
    if tree is None:
        return errors
    if (node := tree.get("nodeAffinity")) is not None:
        errors += _node_affinity(node, at.child("nodeAffinity"), options)
    for name in ("podAffinity", "podAntiAffinity"):
        if (pods := tree.get(name)) is None:
            continue
        here = at.child(name)
        for index, term in enumerate(pods.get(REQUIRED) or ()):
            errors += _pod_term(term, here.child(REQUIRED).index(index), options)
        for index, weighted in enumerate(pods.get(PREFERRED) or ()):
            place = here.child(PREFERRED).index(index)
            errors += _weight(weighted, place)
            errors += _pod_term(weighted.get("podAffinityTerm") or {}, place.child("podAffinityTerm"), options)
    return errors


def _node_affinity(tree: Tree, at: Path, options: Options) -> list[FieldError]:
    errors: list[FieldError] = []
    if (selector := tree.get(REQUIRED)) is not None:
        allow = options.allow_invalid_label_values_in_required_node_affinity
        errors += node_selector(selector, at.child(REQUIRED), allow_invalid_values=allow)
    for index, term in enumerate(tree.get(PREFERRED) or ()):
        here = at.child(PREFERRED).index(index)
        errors += _weight(term, here)
        errors += node_selector_term(term.get("preference") or {}, here.child("preference"), allow_invalid_values=True)
    return errors


def _weight(term: Tree, at: Path) -> Errors:
    weight = term.get("weight") or 0
    return NONE if 0 < weight <= 100 else [field.invalid(at.child("weight"), weight, "must be in the range 1-100")]


def node_selector(selector: Tree, at: Path, *, allow_invalid_values: bool = False) -> list[FieldError]:
    """ValidateNodeSelector."""
    terms, here = selector.get("nodeSelectorTerms"), at.child("nodeSelectorTerms")
    if not terms:
        return [field.required(here, "must have at least one node selector term")]
    return [e for i, term in enumerate(terms) for e in node_selector_term(term, here.index(i), allow_invalid_values=allow_invalid_values)]


def node_selector_term(term: Tree, at: Path, *, allow_invalid_values: bool = False) -> list[FieldError]:
    """ValidateNodeSelectorTerm."""
    errors: list[FieldError] = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        errors += _node_expression(requirement, at.child("matchExpressions").index(index), allow_invalid_values)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        errors += _node_field(requirement, at.child("matchFields").index(index))
    return errors


def _node_expression(requirement: Tree, at: Path, allow_invalid_values: bool) -> list[FieldError]:
    operator, values, here = requirement.get("operator") or "", requirement.get("values") or (), at.child("values")
    errors: list[FieldError] = []
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(field.required(here, "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            errors.append(field.forbidden(here, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            errors.append(field.required(here, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        errors.append(field.invalid(at.child("operator"), operator, "not a valid selector operator"))
    errors += qualified_name(requirement.get("key") or "", at.child("key"))
    if not allow_invalid_values:
        errors += [e for i, value in enumerate(values) for e in invalid_each(here.index(i), value, names.is_label_value(value))]
    return errors


def _node_field(requirement: Tree, at: Path) -> list[FieldError]:
    operator, values, key = requirement.get("operator") or "", requirement.get("values") or (), requirement.get("key") or ""
    errors: list[FieldError] = []
    if operator not in ("In", "NotIn"):
        errors.append(field.invalid(at.child("operator"), operator, "not a valid selector operator"))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(field.required(at.child("values"), detail))
    if key != "metadata.name":
        return [*errors, field.invalid(at.child("key"), key, "not a valid field selector key")]
    return errors + [e for i, value in enumerate(values) for e in dns_subdomain(value, at.child("values").index(i))]


def _pod_term(term: Tree, at: Path, options: Options) -> list[FieldError]:
    """validatePodAffinityTerm."""
    errors = pod_term_selectors(term, at, allow_invalid_values=options.allow_invalid_label_values_in_selector)
    for namespace in term.get("namespaces") or ():
        errors += invalid_each(at.child("namespace"), namespace, names.is_dns1123_label(namespace))
    errors += match_label_keys(term, at)
    key = term.get("topologyKey") or ""
    if not key:
        errors.append(field.required(at.child("topologyKey"), "can not be empty"))
    return [*errors, *qualified_name(key, at.child("topologyKey"))]


def pod_term_selectors(term: Tree, at: Path, *, allow_invalid_values: bool = False) -> list[FieldError]:
    """ValidatePodAffinityTermSelector."""
    return [
        error for name in ("labelSelector", "namespaceSelector")
        for error in validate_label_selector(term.get(name), at.child(name), allow_invalid_values=allow_invalid_values)
    ]


def match_label_keys(term: Tree, at: Path) -> list[FieldError]:
    """ValidateMatchLabelKeysAndMismatchLabelKeys."""
    matching, mismatching, selector = term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or (), term.get("labelSelector")
    errors = [*_label_keys(matching, selector, at.child("matchLabelKeys"))]
    errors += _label_keys(mismatching, selector, at.child("mismatchLabelKeys"))
    if selector is not None and matching:
        positions = {key: index for index, key in enumerate(matching)}
        seen = set(selector.get("matchLabels") or ())
        for expression in selector.get("matchExpressions") or ():
            key = expression.get("key") or ""
            if key in positions and key in seen:
                errors.append(field.invalid(at.index(positions[key]), key, "exists in both matchLabelKeys and labelSelector"))
            seen.add(key)
    for index, key in enumerate(matching):
        if key in mismatching:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(field.invalid(at.child("matchLabelKeys").index(index), key, detail))
    return errors


def _label_keys(keys: Sequence[str], selector: Tree | None, at: Path) -> Errors:
    if not keys:
        return NONE
    if selector is None:
        return [field.forbidden(at, "must not be specified when labelSelector is not set")]
    return [error for index, key in enumerate(keys) for error in qualified_name(key, at.index(index))]


def tolerations(items: Sequence[Tree], at: Path, *, allow_comparison: bool = False) -> list[FieldError]:
    """ValidateTolerations."""
    return [error for index, item in enumerate(items) for error in _toleration(item, at.index(index), allow_comparison)]


def _toleration(item: Tree, at: Path, allow_comparison: bool) -> list[FieldError]:
    key, operator, effect = (item.get(name) or "" for name in ("key", "operator", "effect"))
    errors: list[FieldError] = []
    if key and (messages := names.is_label_key(key)):
        errors += invalid_each(at.child("key"), key, messages)
    if not key and operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.append(field.invalid(at.child("operator"), operator, detail))
    if item.get("tolerationSeconds") is not None and effect != "NoExecute":
        errors.append(field.invalid(at.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    errors += _toleration_value(operator, item.get("value") or "", at, allow_comparison)
    if effect and effect not in TAINT_EFFECTS:
        errors.append(field.not_supported(at.child("effect"), effect, TAINT_EFFECTS))
    return errors


def _toleration_value(operator: str, value: str, at: Path, allow_comparison: bool) -> Errors:
    if operator == "Exists" and not value:
        return NONE
    here = at.child("operator")
    if operator in ("Equal", ""):
        messages = names.is_label_value(value)
        return [field.invalid(here, value, ";".join(messages))] if messages else NONE
    if operator == "Exists":
        return [field.invalid(here, value, "value must be empty when `operator` is 'Exists'")]
    if operator not in ("Lt", "Gt"):
        return [field.not_supported(here, operator, ("Equal", "Exists"))]
    if not allow_comparison:
        return [field.not_supported(here, operator, ("Equal", "Exists", "Lt", "Gt"))]
    if parse_int64(value) is None:
        return [field.invalid(at.child("value"), value, f"strconv.ParseInt: parsing {quote(value)}: invalid syntax")]
    return NONE


def spread_constraints(constraints: Sequence[Tree], at: Path, options: Options) -> list[FieldError]:
    """validateTopologySpreadConstraints."""
    errors: list[FieldError] = []
    for index, constraint in enumerate(constraints):
        here = at.index(index)
        errors += _spread_constraint(constraint, constraints[index + 1 :], here)
        if options.old_spread_keys_are_invalid:
            errors += spread_keys_legacy(constraint, here.child("matchLabelKeys"))
        else:
            errors += match_label_keys({**constraint, "mismatchLabelKeys": ()}, here)
        if not options.allow_invalid_spread_selector:
            errors += validate_label_selector(constraint.get("labelSelector"), here.child("labelSelector"))
    return errors


def _spread_constraint(constraint: Tree, others: Sequence[Tree], at: Path) -> list[FieldError]:
    skew, key, action = constraint.get("maxSkew") or 0, constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
    errors = [field.invalid(at.child("maxSkew"), skew, "must be greater than zero")] if skew <= 0 else []
    if not key:
        errors.append(field.required(at.child("topologyKey"), "can not be empty"))
    if action not in _SPREAD_ACTIONS:
        errors.append(field.not_supported(at.child("whenUnsatisfiable"), action, _SPREAD_ACTIONS))
    if any((o.get("topologyKey") or "", o.get("whenUnsatisfiable") or "") == (key, action) for o in others):
        errors.append(field.duplicate(at.child("{topologyKey, whenUnsatisfiable}"), f"{{{key}, {action}}}"))
    if (domains := constraint.get("minDomains")) is not None:
        errors += _min_domains(domains, action, at.child("minDomains"))
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        if (policy := constraint.get(name)) is not None and policy not in _INCLUSION_POLICIES:
            errors.append(field.not_supported(at.child(name), policy, _INCLUSION_POLICIES))
    return errors


def _min_domains(domains: int, action: str, at: Path) -> list[FieldError]:
    errors = [field.invalid(at, domains, "must be greater than zero")] if domains <= 0 else []
    if action != "DoNotSchedule":
        errors.append(field.invalid(at, domains, f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"))
    return errors


def spread_keys_legacy(constraint: Tree, at: Path) -> list[FieldError]:
    """How matchLabelKeys were checked before 1.34 (ValidateMatchLabelKeysInTopologySpread)."""
    keys, selector = constraint.get("matchLabelKeys") or (), constraint.get("labelSelector")
    errors: list[FieldError] = []
    if keys and selector is None:
        errors.append(field.forbidden(at, "must not be specified when labelSelector is not set"))
    selector = selector or {}
    selected = {*(selector.get("matchLabels") or ()), *(e.get("key") for e in selector.get("matchExpressions") or ())}
    for index, key in enumerate(keys):
        errors += qualified_name(key, at.index(index))
        if key in selected:
            errors.append(field.invalid(at.index(index), key, "exists in both matchLabelKeys and labelSelector"))
    return errors


def host_aliases(aliases: Sequence[dict[str, Any]], at: Path) -> list[FieldError]:
    """ValidateHostAliases."""
    from kcompat.apimachinery.ip import validate_ip_legacy

    errors: list[FieldError] = []
    for index, alias in enumerate(aliases):
        errors += validate_ip_legacy(at.index(index).child("ip"), alias.get("ip") or "")
        for j, name in enumerate(alias.get("hostnames") or ()):
            errors += dns_subdomain(name, at.index(index).child("hostnames").index(j))
    return errors
