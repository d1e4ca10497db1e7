"""Endpoints (upstream: pkg/registry/core/endpoint, pkg/apis/core/validation: ValidateEndpoints)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, required
from kcompat.apimachinery.ip import ip_warnings, validate_ip_legacy
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.fields import PROTOCOLS, dns_label, dns_subdomain, endpoint_ip, label_key, port_number, required_one_of

_MANAGED_BY = "endpoints.kubernetes.io/managed-by"
_SUBSETS = Path("subsets")


def _addresses(subset: Tree, path: Path) -> Iterable[tuple[Tree, Path]]:
    """Every address, ready or not, and where it stands."""
    for name in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(subset.get(name) or ()):
            yield address, path.child(name).index(index)


def _validate_address(address: Tree, path: Path) -> list[FieldError]:
    ip = address.get("ip", "")
    errors = validate_ip_legacy(path.child("ip"), ip)
    if address.get("hostname"):
        errors += dns_label(address["hostname"], path.child("hostname"))
    if address.get("nodeName") is not None:
        errors += dns_subdomain(address["nodeName"], path.child("nodeName"))
    return errors + endpoint_ip(ip, path.child("ip"))


def _validate_port(port: Tree, named: bool, path: Path) -> list[FieldError]:
    name = port.get("name", "")
    errors = dns_label(name, path.child("name")) if name else [required(path.child("name"))] if named else []
    errors += port_number(port.get("port", 0), path.child("port"))
    errors += required_one_of(port.get("protocol"), path.child("protocol"), PROTOCOLS)
    return errors + (label_key(port["appProtocol"], path.child("appProtocol")) if port.get("appProtocol") is not None else [])


def _validate_subset(subset: Tree, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
    errors += [error for address, at in _addresses(subset, path) for error in _validate_address(address, at)]
    ports = subset.get("ports") or ()
    return errors + [error for i, port in enumerate(ports) for error in _validate_port(port, len(ports) > 1, path.child("ports").index(i))]


class EndpointsRules(Rules):
    allow_create_on_update = True

    def default(self, obj: Tree) -> None:
        for subset in obj.get("subsets") or ():
            for port in subset.get("ports") or ():
                port["protocol"] = port.get("protocol") or "TCP"

    def prepare_for_create(self, obj: Tree) -> None:
        """There is no status to drop."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """There is no status to keep."""

    def validate(self, obj: Tree) -> list[FieldError]:
        return [error for index, subset in enumerate(obj.get("subsets") or ()) for error in _validate_subset(subset, _SUBSETS.index(index))]

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        """What was stored before is let through as long as it stays."""
        return [] if new.get("subsets") == old.get("subsets") else self.validate(new)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        if meta.labels(new).get(_MANAGED_BY) == "endpoint-controller":
            return ()
        places = (place for index, subset in enumerate(new.get("subsets") or ()) for place in _addresses(subset, _SUBSETS.index(index)))
        return [text for address, path in places for text in ip_warnings(path.child("ip"), address.get("ip", ""))]
