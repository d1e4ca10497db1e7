"""Probes, lifecycle hooks and restart rules of containers. Called by containers.

Answers pkg/apis/core/validation/validation.go:validateProbe, validateHandler, validateLifecycle, validateContainerRestartPolicy.
"""

from __future__ import annotations

from typing import Any, Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.checks import NONE, Errors, invalid_each, port_number_or_name
from kcompat.registry.rules.pod.resources import NOT_NEGATIVE

_COUNTS: Final = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_RESTART_POLICIES: Final = ("Always", "Never", "OnFailure")
_RESTART_ACTIONS: Final = ("Restart", "RestartAllContainers")
_EXIT_CODE_OPERATORS: Final = ("In", "NotIn")


def probes(container: Tree, grace_period: int | None, at: Path) -> list[FieldError]:
    """The three probes of a container (validateLivenessProbe, validateReadinessProbe, validateStartupProbe)."""
    errors: list[FieldError] = []
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (probe := container.get(name)) is None:
            continue
        here = at.child(name)
        errors += _probe(probe, grace_period, here)
        if name == "readinessProbe":
            if (period := probe.get("terminationGracePeriodSeconds")) is not None:
                errors.append(field.invalid(here.child("terminationGracePeriodSeconds"), period, "must not be set for readinessProbes"))
        elif (threshold := probe.get("successThreshold") or 0) != 1:
            errors.append(field.invalid(here.child("successThreshold"), threshold, "must be 1"))
    return errors


def _probe(probe: Tree, grace_period: int | None, at: Path) -> list[FieldError]:
    errors = handler(probe, grace_period, at)
    for name in _COUNTS:
        if (value := probe.get(name) or 0) < 0:
            errors.append(field.invalid(at.child(name), value, NOT_NEGATIVE))
    period = probe.get("terminationGracePeriodSeconds")
    if period is not None and period <= 0:
        errors.append(field.invalid(at.child("terminationGracePeriodSeconds"), period, "must be greater than 0"))
    return errors


def handler(tree: Tree, grace_period: int | None, at: Path) -> list[FieldError]:
    """Exactly one way to ask or tell the container something (validateHandler)."""
    errors: list[FieldError] = []
    found = False
    for name in _HANDLERS:
        if (action := tree.get(name)) is None:
            continue
        if found:
            errors.append(field.forbidden(at.child(name), "may not specify more than 1 handler type"))
        else:
            found = True
            errors += _action(name, action, grace_period, at.child(name))
    if not found:
        errors.append(field.required(at, "must specify a handler type"))
    return errors


def _action(kind: str, action: Tree, grace_period: int | None, at: Path) -> Errors:
    if kind == "exec":
        return NONE if action.get("command") else [field.required(at.child("command"))]
    if kind == "httpGet":
        return _http_get(action, at)
    if kind == "sleep":
        return _sleep(action.get("seconds") or 0, grace_period, at)
    errors = [*port_number_or_name(action.get("port"), at.child("port"))]
    if kind == "grpc" and (mode := action.get("mode")) is not None and mode not in ("Plaintext", "TLS"):
        errors.append(field.not_supported(at.child("mode"), mode, ("Plaintext", "TLS")))
    return errors


def _http_get(get: Tree, at: Path) -> list[FieldError]:
    errors = [] if get.get("path") else [field.required(at.child("path"))]
    errors += port_number_or_name(get.get("port"), at.child("port"))
    scheme = get.get("scheme") or ""
    if scheme not in ("HTTP", "HTTPS"):
        errors.append(field.not_supported(at.child("scheme"), scheme, ("HTTP", "HTTPS")))
    for header in get.get("httpHeaders") or ():
        name = header.get("name") or ""
        errors += invalid_each(at.child("httpHeaders"), name, names.is_http_header_name(name))
    return errors


def _sleep(seconds: int, grace_period: int | None, at: Path) -> Errors:
    if grace_period is None or 0 <= seconds <= grace_period:
        return NONE
    return [field.invalid(at, seconds, f"must be non-negative and less than terminationGracePeriodSeconds ({grace_period})")]


def lifecycle(tree: Tree, grace_period: int | None, at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in ("postStart", "preStop"):
        if (hook := tree.get(name)) is not None:
            errors += handler({k: v for k, v in hook.items() if k != "grpc"}, grace_period, at.child(name))
    return errors


def restart_policy(container: Tree, at: Path) -> list[FieldError]:
    """A container's own restart policy and its rules (validateContainerRestartPolicy)."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    if policy is None and not rules:
        return []
    errors: list[FieldError] = []
    if policy is None:
        errors.append(field.required(at.child("restartPolicy"), "must specify restartPolicy when restart rules are used"))
    elif policy not in _RESTART_POLICIES:
        errors.append(field.not_supported(at.child("restartPolicy"), policy, _RESTART_POLICIES))
    here = at.child("restartPolicyRules")
    if len(rules) > 20:
        errors.append(field.too_many(here, len(rules), 20))
    for index, rule in enumerate(rules):
        errors += _restart_rule(rule, here.index(index))
    return errors


def _restart_rule(rule: dict[str, Any], at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if (action := rule.get("action") or "") not in _RESTART_ACTIONS:
        errors.append(field.not_supported(at.child("action"), action, _RESTART_ACTIONS))
    codes = rule.get("exitCodes")
    if codes is None:
        return [*errors, field.required(at.child("exitCodes"), "must be specified")]
    if (operator := codes.get("operator") or "") not in _EXIT_CODE_OPERATORS:
        errors.append(field.not_supported(at.child("exitCodes", "operator"), operator, _EXIT_CODE_OPERATORS))
    if len(values := codes.get("values") or ()) > 255:
        errors.append(field.too_many(at.child("exitCodes", "values"), len(values), 255))
    return errors


def init_restart_policy(container: Tree, at: Path) -> list[FieldError]:
    """validateInitContainerRestartPolicy."""
    if container.get("restartPolicy") is None and container.get("restartPolicyRules"):
        return [field.required(at.child("restartPolicy"), "must specify restartPolicy when restart rules are used")]
    return [] if container.get("restartPolicy") is None else restart_policy(container, at)
