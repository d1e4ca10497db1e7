"""EndpointSlice (upstream: pkg/registry/discovery/endpointslice, pkg/apis/discovery/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, duplicate, invalid, required, too_many
from kcompat.apimachinery.ip import ip_warnings, is_ipv4, is_ipv6, validate_ip, validate_ip_legacy
from kcompat.apimachinery.names import is_dns1123_label, is_dns1123_subdomain, is_label_value
from kcompat.apimachinery.validation import unchanged, validate_labels
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.declarative import immutable
from kcompat.registry.rules.fields import PROTOCOLS, dns_label, dns_subdomain, endpoint_ip, label_key, messages, one_of, required_one_of

_HOST = "kubernetes.io/hostname"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
_TYPES = ("FQDN", "IPv4", "IPv6")
_MAX_ENDPOINTS, _MAX_PORTS, _MAX_ADDRESSES, _MAX_TOPOLOGY, _MAX_HINTS = 1000, 20000, 100, 16, 8


def fully_qualified_name(name: str, path: Path) -> list[FieldError]:
    """apimachinery util/validation: IsFullyQualifiedDomainName."""
    if not name:
        return [required(path)]
    name = name.removesuffix(".")
    if wrong := is_dns1123_subdomain(name):
        return [invalid(path, name, ",".join(wrong))]
    labels = name.split(".")
    if len(labels) < 2:
        return [invalid(path, name, "should be a domain with at least two segments separated by dots")]
    return [invalid(path, label, ",".join(wrong)) for label in labels if (wrong := is_dns1123_label(label))]


def _validate_address(address: str, kind: str, path: Path, at: Path) -> list[FieldError]:
    if kind == "FQDN":
        return fully_qualified_name(address, at)
    if kind == "IPv4":
        malformed, fits = validate_ip_legacy(at, address), is_ipv4(address)
    elif kind == "IPv6":
        malformed, fits = validate_ip(at, address), is_ipv6(address)
    else:
        return []
    wrong = [] if fits else [invalid(path, address, f"must be an {kind} address")]
    return malformed or wrong + endpoint_ip(address, at)


def _validate_endpoint(endpoint: Tree, kind: str, path: Path) -> list[FieldError]:
    addresses, at = endpoint.get("addresses") or (), path.child("addresses")
    errors = [error for index, address in enumerate(addresses) for error in _validate_address(address, kind, at, at.index(index))]
    if endpoint.get("nodeName") is not None:
        errors += dns_subdomain(endpoint["nodeName"], path.child("nodeName"))
    topology = endpoint.get("deprecatedTopology") or {}
    if len(topology) > _MAX_TOPOLOGY:
        errors.append(too_many(path.child("deprecatedTopology"), len(topology), _MAX_TOPOLOGY))
    errors += validate_labels(topology, path.child("deprecatedTopology"))
    if endpoint.get("hostname") is not None:
        errors += dns_label(endpoint["hostname"], path.child("hostname"))
    return errors + _validate_hints(endpoint.get("hints") or {}, path.child("hints"))


def _validate_hints(hints: Tree, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for member, check in (("forZones", is_label_value), ("forNodes", is_dns1123_subdomain)):
        wanted, at = [hint.get("name", "") for hint in hints.get(member) or ()], path.child(member)
        if len(wanted) > _MAX_HINTS:
            return [*errors, too_many(at, len(wanted), _MAX_HINTS)]
        for index, name in enumerate(wanted):
            errors += [duplicate(at.index(index).child("name"), name)] if name in wanted[:index] else []
            errors += messages(name, at.index(index).child("name"), check)
    return errors


def _address_counts(endpoints: Sequence[Tree]) -> list[FieldError]:
    """Declarative rules upstream, therefore after all others."""
    errors: list[FieldError] = []
    for index, endpoint in enumerate(endpoints):
        path, count = Path("endpoints").index(index).child("addresses"), len(endpoint.get("addresses") or ())
        errors += [required(path)] if not count else [too_many(path, count, _MAX_ADDRESSES)] if count > _MAX_ADDRESSES else []
    return errors


def _validate_ports(ports: Sequence[Tree]) -> list[FieldError]:
    root = Path("ports")
    if len(ports) > _MAX_PORTS:
        return [too_many(root, len(ports), _MAX_PORTS)]
    errors: list[FieldError] = []
    wanted = [port.get("name", "") for port in ports]
    for index, port in enumerate(ports):
        path, name = root.index(index), wanted[index]
        errors += dns_label(name, path.child("name")) if name else []
        errors += [duplicate(path.child("name"), name)] if name in wanted[:index] else []
        protocol = port.get("protocol")
        errors += [required(path.child("protocol"))] if protocol is None else one_of(protocol, path.child("protocol"), PROTOCOLS)
        errors += label_key(port["appProtocol"], path.child("appProtocol")) if port.get("appProtocol") is not None else []
    return errors


def _drop_topology(endpoints: Sequence[Tree], known_nodes: frozenset[str]) -> None:
    """v1 has no topology; a node named there before becomes nodeName (dropTopologyOnV1)."""
    for endpoint in endpoints:
        node = (endpoint.pop("deprecatedTopology", None) or {}).get(_HOST)
        if node in known_nodes and endpoint.get("nodeName") is None and not is_dns1123_subdomain(node):
            endpoint["nodeName"] = node


class EndpointSliceRules(Rules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        for port in obj.get("ports") or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")

    def prepare_for_create(self, obj: Tree) -> None:
        _drop_topology(obj.get("endpoints") or (), frozenset())

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        before = old.get("endpoints") or ()
        if new.get("endpoints") != old.get("endpoints"):
            known = frozenset(node for endpoint in before if (node := (endpoint.get("deprecatedTopology") or {}).get(_HOST)))
            _drop_topology(new.get("endpoints") or (), known)

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        """Anything but metadata, or the labels."""
        rest, before = ({name: value for name, value in tree.items() if name != "metadata"} for tree in (new, old))
        return not unchanged(rest, before) or meta.labels(new) != meta.labels(old)

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj, None)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self._validate(new, old)

    def _validate(self, obj: Tree, old: Tree | None) -> list[FieldError]:
        kind, endpoints = obj.get("addressType", ""), obj.get("endpoints") or ()
        errors = _validate_ports(obj.get("ports") or ())
        if len(endpoints) > _MAX_ENDPOINTS:
            errors.append(too_many(Path("endpoints"), len(endpoints), _MAX_ENDPOINTS))
        elif old is None or obj.get("endpoints") != old.get("endpoints"):
            for index, endpoint in enumerate(endpoints):
                errors += _validate_endpoint(endpoint, kind, Path("endpoints").index(index))
        path = Path("addressType")
        declarative = required_one_of(kind, path, _TYPES)
        if old is not None:
            declarative += immutable(kind, old.get("addressType"), path)
        return errors + declarative + _address_counts(endpoints)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        found = ["spec.addressType: FQDN endpoints are deprecated"] if old is None and new.get("addressType") == "FQDN" else []
        if meta.labels(new).get(_MANAGED_BY) in _CONTROLLERS:
            return found
        for index, endpoint in enumerate(new.get("endpoints") or ()):
            path = Path("endpoints").index(index).child("addresses")
            found += [text for i, address in enumerate(endpoint.get("addresses") or ()) for text in ip_warnings(path.index(i), address)]
        return found
