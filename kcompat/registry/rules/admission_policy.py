"""ValidatingAdmissionPolicy, MutatingAdmissionPolicy and their bindings (pkg/apis/admissionregistration/validation).

CEL expressions must be there; they are not compiled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, duplicate, invalid, not_supported, required
from kcompat.apimachinery.names import byte_length
from kcompat.apimachinery.validation import validate_conditions
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules import admission_match as match
from kcompat.registry.rules.fields import dns_subdomain, label_key
from kcompat.registry.rules.plain import PlainRules, StatusRules
from kcompat.registry.rules.pod.go_form import go_list

_SPEC, _STATUS = Path("spec"), Path("status")
_IDENTIFIER: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED: Final = frozenset((
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
    "package", "namespace", "return", "var", "void", "while",
))
_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_PATCHES: Final = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_ACTIONS: Final = ("Audit", "Deny", "Warn")
_NOTHING: Final = "validations or auditAnnotations must contain at least one item"
_BOTH: Final = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers " \
    "serves no purpose)"
_MAX_ANNOTATIONS, _MAX_EXPRESSION = 20, 5 * 1024


def _common(spec: Tree, old: Tree | None) -> list[FieldError]:
    """What both kinds of policies have. Conditions are checked where they, or the kind of parameters, changed."""
    policy, kind, constraints = spec["failurePolicy"], spec.get("paramKind"), spec.get("matchConstraints")
    at = _SPEC.child("failurePolicy")
    errors = [] if policy in match.FAILURE_POLICIES else [not_supported(at, policy, match.FAILURE_POLICIES)]
    errors += match.param_kind_errors(kind, _SPEC.child("paramKind")) if kind is not None else []
    at = _SPEC.child("matchConstraints")
    errors += match.match_errors(constraints, at) if constraints is not None else [required(at)]
    if constraints is not None and not constraints.get("resourceRules"):
        errors.append(required(at.child("resourceRules")))
    return errors


def _conditions_and_variables(spec: Tree, old: Tree | None) -> list[FieldError]:
    errors: list[FieldError] = []
    if old is None or any(spec.get(name) != old.get(name) for name in ("paramKind", "matchConditions")):
        errors += match.condition_errors(spec.get("matchConditions") or (), _SPEC.child("matchConditions"))
    for index, variable in enumerate(spec.get("variables") or ()):
        name, at = variable.get("name", ""), _SPEC.child("variables").index(index)
        if not name.strip():
            errors.append(required(at.child("name"), "name is not specified"))
        elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
            errors.append(invalid(at.child("name"), name, "must be a valid CEL identifier"))
        errors += _expression(variable, at, "expression is not specified")
    return errors


def _expression(tree: Tree, path: Path, missing: str = "", member: str = "expression") -> list[FieldError]:
    return [] if tree.get(member, "").strip() else [required(path.child(member), missing)]


def _validation(validation: Tree, path: Path) -> list[FieldError]:
    message, message_expression, reason = (validation.get(name) for name in ("message", "messageExpression", "reason"))
    errors = _expression(validation, path, "expression is not specified")
    if message_expression and not message_expression.strip():
        errors.append(invalid(path.child("messageExpression"), message_expression, "must be non-empty if specified"))
    if message and not message.strip():
        errors.append(invalid(path.child("message"), message, "must be non-empty if specified"))
    elif message and re.search(r"[\n\r]", message.strip()):
        errors.append(invalid(path.child("message"), message, "must not contain line breaks"))
    return errors + ([not_supported(path.child("reason"), reason, _REASONS)] if reason is not None and reason not in _REASONS else [])


def _annotations(annotations: Sequence[Tree], name: str) -> list[FieldError]:
    path, errors = _SPEC.child("auditAnnotations"), list[FieldError]()
    if len(annotations) > _MAX_ANNOTATIONS:
        shown = go_list(annotations, "admissionregistration/v1.AuditAnnotation")
        errors.append(invalid(path, shown, f"must not have more than {_MAX_ANNOTATIONS} auditAnnotations"))
    keys = [annotation.get("key", "") for annotation in annotations]
    for index, annotation in enumerate(annotations):
        at, key = path.index(index), keys[index]
        nameless = [invalid(at.child("key"), key, "requires metadata.name be non-empty")]
        errors += label_key(f"{name}/{key}", at.child("key")) if name else nameless
        errors += _expression(annotation, at, "valueExpression is not specified", "valueExpression")
        if byte_length(annotation.get("valueExpression", "").strip()) > _MAX_EXPRESSION:
            errors.append(required(at.child("valueExpression"), f"must not exceed {_MAX_EXPRESSION} bytes in length"))
        errors += [duplicate(at.child("key"), key)] if key in keys[:index] else []
    return errors


def _checks(spec: Tree, name: str) -> list[FieldError]:
    validations, annotations = spec.get("validations") or (), spec.get("auditAnnotations") or ()
    if not validations and not annotations:
        return [required(_SPEC.child(member), _NOTHING) for member in ("validations", "auditAnnotations")]
    errors = [error for index, item in enumerate(validations) for error in _validation(item, _SPEC.child("validations").index(index))]
    return errors + _annotations(annotations, name)


def _mutation(mutation: Tree, path: Path) -> list[FieldError]:
    kind = mutation.get("patchType", "")
    if kind not in _PATCHES:
        at = path.child("patchType")
        return [not_supported(at, kind, _PATCHES) if kind else required(at)]
    member = _PATCHES[kind]
    other = next(name for name in _PATCHES.values() if name != member)
    value, at = mutation.get(member), path.child(member)
    errors = [required(at, f"must be specified when patchType is {kind}")] if value is None else _expression(value, at)
    if mutation.get(other) is not None:
        errors.append(invalid(path.child(other), f"{{{other}}}", f"must not be specified when patchType is {kind}"))
    return errors


class _PolicyRules(Rules):
    """Of both kinds of policies."""

    allow_unconditional_update = False
    has_generation = True

    def default(self, obj: Tree) -> None:
        obj["spec"].setdefault("failurePolicy", "Fail")
        match.default_match(obj["spec"].get("matchConstraints"))

    def validate(self, obj: Tree) -> list[FieldError]:
        return self.check(obj, None) + match.reserved_name(meta.name(obj))

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self.check(new, old["spec"])

    def check(self, obj: Tree, old: Tree | None) -> list[FieldError]:
        raise NotImplementedError

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        return match.reserved_name_warnings(meta.name(new)) if old else []


class ValidatingAdmissionPolicyRules(_PolicyRules, StatusRules):
    status_apply_creates = True

    def check(self, obj: Tree, old: Tree | None) -> list[FieldError]:
        spec = obj["spec"]
        return _common(spec, old) + _conditions_and_variables(spec, old) + _checks(spec, meta.name(obj))

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        found, path = (new.get("status") or {}).get("typeChecking") or {}, _STATUS.child("typeChecking", "expressionWarnings")
        errors: list[FieldError] = []
        for index, warning in enumerate(found.get("expressionWarnings") or ()):
            errors += [] if warning.get("warning") else [required(path.index(index).child("warning"))]
            errors += _expression(warning, path.index(index), member="fieldRef")
        return errors + validate_conditions(meta.conditions(new), _STATUS.child("conditions"))


class MutatingAdmissionPolicyRules(_PolicyRules, PlainRules):
    def check(self, obj: Tree, old: Tree | None) -> list[FieldError]:
        spec = obj["spec"]
        errors = _common(spec, old) + match.mutable_errors(spec.get("matchConstraints"), _SPEC.child("matchConstraints"))
        errors += _conditions_and_variables(spec, old)
        mutations, path = spec.get("mutations") or (), _SPEC.child("mutations")
        errors += [] if mutations else [required(path, "mutations must contain at least one item")]
        errors += [error for index, mutation in enumerate(mutations) for error in _mutation(mutation, path.index(index))]
        again, at = spec.get("reinvocationPolicy", ""), _SPEC.child("reinvocationPolicy")
        if again in match.REINVOCATIONS:
            return errors
        return [*errors, not_supported(at, again, match.REINVOCATIONS) if again else required(at)]


class _BindingRules(PlainRules):
    """Of both kinds of bindings."""

    allow_unconditional_update = False
    has_generation = True

    def default(self, obj: Tree) -> None:
        match.default_match(obj["spec"].get("matchResources"))

    def validate(self, obj: Tree) -> list[FieldError]:
        return self.check(obj["spec"]) + match.reserved_name(meta.name(obj))

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self.check(new["spec"])

    def check(self, spec: Tree) -> list[FieldError]:
        raise NotImplementedError

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        return match.reserved_name_warnings(meta.name(new)) if old else []


def _binding(spec: Tree) -> list[FieldError]:
    errors = dns_subdomain(spec.get("policyName", ""), _SPEC.child("policyName")) if spec.get("policyName") else []
    errors += match.param_ref_errors(spec.get("paramRef"), _SPEC.child("paramRef"))
    return errors + match.match_errors(spec.get("matchResources"), _SPEC.child("matchResources"))


class ValidatingAdmissionPolicyBindingRules(_BindingRules):
    def check(self, spec: Tree) -> list[FieldError]:
        actions, path = spec.get("validationActions") or [], _SPEC.child("validationActions")
        errors = _binding(spec)
        for index, action in enumerate(actions):
            errors += [] if action in _ACTIONS else [not_supported(path.index(index), action, _ACTIONS)]
            errors += [duplicate(path.index(index), action)] if action in actions[:index] else []
        errors += [invalid(path, actions, _BOTH)] if {"Deny", "Warn"} <= set(actions) else []
        missing = [name for name in ("policyName", "validationActions") if not spec.get(name)]
        return errors + [required(_SPEC.child(name)) for name in missing]


class MutatingAdmissionPolicyBindingRules(_BindingRules):
    def check(self, spec: Tree) -> list[FieldError]:
        errors = [] if spec.get("policyName") else [required(_SPEC.child("policyName"))]
        return errors + _binding(spec) + match.mutable_errors(spec.get("matchResources"), _SPEC.child("matchResources"))
