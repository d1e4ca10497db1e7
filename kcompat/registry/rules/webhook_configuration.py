"""ValidatingWebhookConfiguration and MutatingWebhookConfiguration (pkg/apis/admissionregistration/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, duplicate, invalid, not_supported, required
from kcompat.apimachinery.names import is_dns1035_label, is_dns1123_subdomain
from kcompat.apimachinery.validation import validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules import admission_match as match
from kcompat.registry.rules.plain import PlainRules
from kcompat.registry.rules.webhook_client import service_errors, url_errors

_WEBHOOKS: Final = Path("webhooks")
_REVIEWS: Final = ("v1", "v1beta1")
_NO_EFFECTS: Final = ("None", "NoneOnDryRun")
_EFFECTS: Final = ("None", "NoneOnDryRun", "Some", "Unknown")
_VIRTUAL: Final = {
    "authentication.k8s.io": ("selfsubjectreviews", "tokenreviews"),
    "authorization.k8s.io": ("localsubjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"),
}
_DEFAULTS: Final = {"failurePolicy": "Fail", "matchPolicy": "Equivalent", "timeoutSeconds": 10}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked: everything, except what the old object does not have either."""

    conditions: bool = True
    no_effects: bool = True
    known_reviews: bool = True
    unique_names: bool = True
    values: bool = True


def _asked(new: Sequence[Tree], old: Sequence[Tree]) -> _Asked:
    names, reviews = [hook.get("name", "") for hook in old], [hook.get("admissionReviewVersions") or () for hook in old]
    selectors = (hook.get(name) for hook in old for name in ("namespaceSelector", "objectSelector"))
    conditions = [[hook.get("matchConditions") for hook in hooks] for hooks in (new, old)]
    return _Asked(
        conditions=conditions[0] != conditions[1],
        no_effects=all(hook.get("sideEffects") in _NO_EFFECTS for hook in old),
        known_reviews=all(not versions or set(versions) & set(_REVIEWS) for versions in reviews),
        unique_names=len(set(names)) == len(names),
        values=not any(validate_label_selector(selector, Path("")) for selector in selectors),
    )


def _name(name: str, path: Path) -> list[FieldError]:
    """IsFullyQualifiedName."""
    if not name:
        return [required(path)]
    if problems := is_dns1123_subdomain(name):
        return [invalid(path, name, ",".join(problems))]
    detail = "should be a domain with at least three segments separated by dots"
    return [] if name.count(".") >= 2 else [invalid(path, name, detail)]


def _hook(hook: Tree, asked: _Asked, path: Path) -> list[FieldError]:
    errors = _name(hook.get("name", ""), path.child("name"))
    for index, rule in enumerate(hook.get("rules") or ()):
        errors += match.rule_errors(rule, path.child("rules").index(index))
    for name, values in (("failurePolicy", match.FAILURE_POLICIES), ("matchPolicy", match.MATCH_POLICIES)):
        errors += [] if hook[name] in values else [not_supported(path.child(name), hook[name], values)]
    effects, allowed = hook.get("sideEffects"), _NO_EFFECTS if asked.no_effects else _EFFECTS
    at = path.child("sideEffects")
    if effects is None:
        errors.append(required(at, f"must specify one of {', '.join(allowed)}"))
    elif effects not in allowed:
        errors.append(not_supported(at, effects, allowed))
    if not 1 <= hook["timeoutSeconds"] <= 30:
        detail = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid(path.child("timeoutSeconds"), hook["timeoutSeconds"], detail))
    for name in ("namespaceSelector", "objectSelector"):
        errors += validate_label_selector(hook[name], path.child(name), allow_invalid_values=not asked.values)
    again = hook.get("reinvocationPolicy")
    if again is not None and again not in match.REINVOCATIONS:
        errors.append(not_supported(path.child("reinvocationPolicy"), again, match.REINVOCATIONS))
    errors += _client(hook.get("clientConfig") or {}, path.child("clientConfig"))
    return errors + (match.condition_errors(hook.get("matchConditions") or (), path.child("matchConditions")) if asked.conditions else [])


def _client(client: Tree, path: Path) -> list[FieldError]:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if url is not None:
        return url_errors(url, path.child("url"))
    crossed = {**client["service"], "name": client["service"].get("namespace"), "namespace": client["service"].get("name")}
    return service_errors(crossed, path.child("service"))  # upstream mixes up its name and its namespace


def _reviews(versions: list[str], asked: _Asked, path: Path) -> list[FieldError]:
    if not versions:
        return [required(path, f"must specify one of {', '.join(_REVIEWS)}")]
    errors: list[FieldError] = []
    for index, version in enumerate(versions):
        problems = ["duplicate version"] if version in versions[:index] else is_dns1035_label(version)
        errors += [invalid(path.index(index), version, problem) for problem in problems]
    if asked.known_reviews and not set(versions) & set(_REVIEWS):
        errors.append(invalid(path, versions, f"must include at least one of {', '.join(_REVIEWS)}"))
    return errors


def _virtual(hook: Tree, path: Path) -> list[str]:
    """Warnings of rules for resources that webhooks do not see."""
    warnings = []
    for index, rule in enumerate(hook.get("rules") or ()):
        groups, resources = (dict.fromkeys(rule.get(name) or ()) for name in ("apiGroups", "resources"))
        if "*" not in groups and "*" not in resources:
            named = (f"{name}.{group}" for group in groups for name in resources if name in _VIRTUAL.get(group, ()))
            at = path.child("rules").index(index)
            warnings += [f"{at}: {name} is excluded from admission webhooks; this rule will have no effect" for name in named]
    return warnings


class WebhookConfigurationRules(PlainRules):
    """Of both kinds: only mutating webhooks have a reinvocation policy."""

    allow_unconditional_update = False
    has_generation = True

    def __init__(self, *, mutating: bool) -> None:
        self.mutating = mutating

    def default(self, obj: Tree) -> None:
        for hook in obj.get("webhooks") or ():
            for name, value in _DEFAULTS.items():
                hook.setdefault(name, value)
            hook.setdefault("namespaceSelector", {})
            hook.setdefault("objectSelector", {})
            if self.mutating:
                hook.setdefault("reinvocationPolicy", "Never")
            if (service := (hook.get("clientConfig") or {}).get("service")) is not None:
                service.setdefault("port", 443)
            match.default_rules(hook.get("rules"))

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        return bool(new.get("webhooks") != old.get("webhooks"))

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._hooks(obj, _Asked()) + match.reserved_name(meta.name(obj))

    def _hooks(self, obj: Tree, asked: _Asked) -> list[FieldError]:
        hooks, errors = obj.get("webhooks") or [], list[FieldError]()
        names = [hook.get("name", "") for hook in hooks]
        for index, hook in enumerate(hooks):
            path = _WEBHOOKS.index(index)
            errors += _hook(hook, asked, path)
            errors += _reviews(hook.get("admissionReviewVersions") or [], asked, path.child("admissionReviewVersions"))
            if asked.unique_names and names[index] and names[index] in names[:index]:
                errors.append(duplicate(path.child("name"), names[index]))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self._hooks(new, _asked(new.get("webhooks") or (), old.get("webhooks") or ()))

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        reserved = match.reserved_name_warnings(meta.name(new)) if old else []
        hooks = enumerate(new.get("webhooks") or ())
        return reserved + [text for index, hook in hooks for text in _virtual(hook, _WEBHOOKS.index(index))]
