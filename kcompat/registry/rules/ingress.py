"""Ingress and IngressClass (upstream: pkg/registry/networking, pkg/apis/networking/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, required, too_long
from kcompat.apimachinery.ip import parse_ip
from kcompat.apimachinery.names import (
    byte_length,
    is_dns1123_subdomain,
    is_valid_port_name,
    is_wildcard_dns1123_subdomain,
    name_is_dns_label,
    name_is_dns_subdomain,
)
from kcompat.apimachinery.validation import immutable, is_domain_prefixed_path
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.fields import dns_subdomain, load_balancer_points, messages, one_of, path_segment, point_warnings, port_number
from kcompat.registry.rules.plain import PlainRules

_SPEC = Path("spec")
_CLASS = "kubernetes.io/ingress.class"
_POINTS = Path("status", "loadBalancer", "ingress")
_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def _host(host: str, path: Path) -> list[FieldError]:
    return messages(host, path, is_wildcard_dns1123_subdomain if "*" in host else is_dns1123_subdomain)


def _reference(reference: Tree, path: Path) -> list[FieldError]:
    """validateIngressTypedLocalObjectReference."""
    errors = dns_subdomain(reference["apiGroup"], path.child("apiGroup")) if reference.get("apiGroup") is not None else []
    for name in ("kind", "name"):
        value = reference.get(name, "")
        errors += path_segment(value, path.child(name)) if value else [required(path.child(name))]
    return errors


def _service(service: Tree, path: Path) -> list[FieldError]:
    name, port = service.get("name", ""), service.get("port") or {}
    at = path.child("service")
    errors = messages(name, at.child("name"), name_is_dns_label) if name else [required(at.child("name"))]
    if port.get("name") and port.get("number"):
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        errors += messages(port["name"], at.child("port", "name"), is_valid_port_name)
    elif port.get("number"):
        errors += port_number(port["number"], at.child("port", "number"))
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def _backend(backend: Tree, path: Path) -> list[FieldError]:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _reference(resource, path.child("resource"))
    return _service(service, path) if service is not None else [invalid(path, "", "resource or service backend is required")]


def _http_path(item: Tree, path: Path) -> list[FieldError]:
    kind, text, at = item.get("pathType"), item.get("path", ""), path.child("path")
    if kind is None:
        return [required(path.child("pathType"), "pathType must be specified")]
    errors = one_of(kind, path.child("pathType"), _TYPES)
    if kind in _TYPES and not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        errors.append(invalid(at, text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        errors += [invalid(at, text, f"must not contain '{part}'") for part in ("//", "/./", "/../", "%2f", "%2F") if part in text]
        errors += [invalid(at, text, f"cannot end with '{end}'") for end in ("/..", "/.") if text.endswith(end)]
    return errors + _backend(item.get("backend") or {}, path.child("backend"))


def _http(rule: Tree, path: Path) -> list[FieldError]:
    http = rule.get("http")
    if http is None:
        return []
    paths, at = http.get("paths") or (), path.child("http", "paths")
    errors = [] if paths else [required(at)]
    return errors + [error for index, item in enumerate(paths) for error in _http_path(item, at.index(index))]


def _rule(rule: Tree, path: Path, allow_odd_wildcards: bool) -> list[FieldError]:
    host, at = rule.get("host", ""), path.child("host")
    errors = [invalid(at, host, "must be a DNS name, not an IP address")] if host and parse_ip(host) else []
    errors += _host(host, at) if host else []
    return errors + ([] if allow_odd_wildcards and "*" in host else _http(rule, path))


def _tls(item: Tree, path: Path, allow_odd_secrets: bool) -> list[FieldError]:
    errors = [error for index, host in enumerate(item.get("hosts") or ()) for error in _host(host, path.child("hosts").index(index))]
    name = item.get("secretName")
    return errors + (messages(name, path.child("secretName"), name_is_dns_subdomain) if name and not allow_odd_secrets else [])


def _validate_spec(spec: Tree, old: Tree | None) -> list[FieldError]:
    """`old` lets through secret names and wildcard rules like those it has."""
    rules, backend, tls, before = spec.get("rules") or (), spec.get("defaultBackend"), spec.get("tls") or (), old or {}
    odd_secrets = any(_tls({"secretName": item.get("secretName")}, _SPEC, False) for item in before.get("tls") or ())
    odd_wildcards = any("*" in rule.get("host", "") and _http(rule, _SPEC) for rule in before.get("rules") or ())
    errors: list[FieldError] = []
    if not rules and backend is None:
        errors.append(invalid(_SPEC, None, "either `defaultBackend` or `rules` must be specified"))
    errors += _backend(backend, _SPEC.child("defaultBackend")) if backend is not None else []
    errors += [error for index, rule in enumerate(rules) for error in _rule(rule, _SPEC.child("rules").index(index), odd_wildcards)]
    errors += [error for index, item in enumerate(tls) for error in _tls(item, _SPEC.child("tls").index(index), odd_secrets)]
    name = spec.get("ingressClassName")
    return errors + (messages(name, _SPEC.child("ingressClassName"), name_is_dns_subdomain) if name is not None else [])


class IngressRules(Rules):
    has_generation = True

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {"loadBalancer": {}}

    def validate(self, obj: Tree) -> list[FieldError]:
        annotated, name = meta.annotations(obj).get(_CLASS), obj["spec"].get("ingressClassName")
        errors = _validate_spec(obj["spec"], None)
        if annotated is not None and name is not None and annotated != name:
            detail = "must match `ingressClassName` when both are specified"
            errors.append(invalid(Path("annotations").child(_CLASS), annotated, detail))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return _validate_spec(new["spec"], old["spec"])

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        points, before = (meta.get(obj, ("status", "loadBalancer", "ingress"), ()) for obj in (new, old))
        return load_balancer_points(points, _POINTS, before, modes=False)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        if old is not None or _CLASS not in meta.annotations(new) or new["spec"].get("ingressClassName") is not None:
            return ()
        return (f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead",)

    def status_warnings(self, new: Tree) -> Sequence[str]:
        return point_warnings(new)


def _parameters(reference: Tree, path: Path) -> list[FieldError]:
    """validateIngressClassParametersReference, but for required members, which are checked apart."""
    errors = dns_subdomain(reference["apiGroup"], path.child("apiGroup")) if reference.get("apiGroup") is not None else []
    for name in ("kind", "name"):
        errors += path_segment(reference[name], path.child(name)) if reference.get(name) else []
    scope, namespace = reference.get("scope"), reference.get("namespace")
    if scope is None:
        return [*errors, required(path.child("scope"))]
    errors += one_of(scope, path.child("scope"), ("Cluster", "Namespace"))
    if scope == "Namespace" and namespace is None:
        errors.append(required(path.child("namespace"), "`parameters.scope` is set to 'Namespace'"))
    elif scope == "Namespace":
        errors += messages(namespace, path.child("namespace"), name_is_dns_label)
    elif scope == "Cluster" and namespace is not None:
        errors.append(forbidden(path.child("namespace"), "`parameters.scope` is set to 'Cluster'"))
    return errors


class IngressClassRules(PlainRules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        parameters = obj["spec"].get("parameters")
        if parameters is not None and parameters.get("scope") is None:
            parameters["scope"] = "Cluster"

    def validate(self, obj: Tree) -> list[FieldError]:
        controller, parameters, path = obj["spec"].get("controller", ""), obj["spec"].get("parameters"), _SPEC.child("parameters")
        errors = [too_long(_SPEC.child("controller"), 250)] if byte_length(controller) > 250 else []
        errors += is_domain_prefixed_path(controller, _SPEC.child("controller"))
        if parameters is not None:
            errors += _parameters(parameters, path)
            errors += [required(path.child(name)) for name in ("kind", "name") if not parameters.get(name)]
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        name = "controller"
        return immutable(new["spec"].get(name, ""), old["spec"].get(name, ""), _SPEC.child(name)) + self.validate(new)
