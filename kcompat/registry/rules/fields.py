"""Checks of single fields that the rules of many kinds share: names, ports, addresses, enumerations (pkg/apis/core/validation). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from kcompat.apimachinery import meta, names
from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, not_supported, required
from kcompat.apimachinery.ip import ip_warnings, parse_ip, validate_ip_legacy
from kcompat.registry.declare import Tree

_POINTS: Final = ("status", "loadBalancer", "ingress")
PROTOCOLS: Final = ("SCTP", "TCP", "UDP")


def messages(value: Any, path: Path, check: Callable[[Any], Iterable[str]]) -> list[FieldError]:
    """An `invalid` for each message that check has about the value."""
    return [invalid(path, value, message) for message in check(value)]


def dns_label(value: str, path: Path) -> list[FieldError]:
    return messages(value, path, names.is_dns1123_label)


def dns_subdomain(value: str, path: Path) -> list[FieldError]:
    return messages(value, path, names.is_dns1123_subdomain)


def label_key(value: str, path: Path) -> list[FieldError]:
    """A qualified name (ValidateQualifiedName)."""
    return messages(value, path, names.is_label_key)


def one_of(value: str | None, path: Path, supported: Sequence[str]) -> list[FieldError]:
    """A member of an enumeration; `supported` in the order upstream lists it, which is sorted most of the time."""
    return [] if value in supported else [not_supported(path, value, supported)]


def required_one_of(value: str | None, path: Path, supported: Sequence[str]) -> list[FieldError]:
    """As one_of, but an empty value is said to be required."""
    return one_of(value, path, supported) if value else [required(path)]


def port_number(value: int, path: Path) -> list[FieldError]:
    return messages(value, path, names.is_valid_port_number)


def port_number_or_name(value: int | str, path: Path) -> list[FieldError]:
    """ValidatePortNumOrName."""
    return messages(value, path, names.is_valid_port_name if isinstance(value, str) else names.is_valid_port_number)


def endpoint_ip(value: str, path: Path) -> list[FieldError]:
    """An address that traffic may be sent to (ValidateEndpointIP)."""
    address = parse_ip(value)
    if address is None:
        return [invalid(path, value, "must be a valid IP address")]
    mapped = getattr(address, "ipv4_mapped", None) or address
    errors = []
    if mapped.is_unspecified:
        errors.append(invalid(path, value, f"may not be unspecified ({value})"))
    if mapped.is_loopback:
        errors.append(invalid(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if mapped.is_link_local:
        errors.append(invalid(path, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if _is_link_local_multicast(mapped.packed):
        errors.append(invalid(path, value, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))
    return errors


def _is_link_local_multicast(packed: bytes) -> bool:
    return packed[:3] == b"\xe0\0\0" if len(packed) == 4 else packed[0] == 0xFF and packed[1] & 0x0F == 2


def point_warnings(obj: Tree) -> list[str]:
    """Of a status update of a Service or Ingress: addresses in odd forms."""
    points = enumerate(meta.get(obj, _POINTS, ()))
    return [text for index, point in points if point.get("ip") for text in ip_warnings(Path(*_POINTS).index(index), point["ip"])]


def load_balancer_points(points: Sequence[Tree], path: Path, old: Sequence[Tree], modes: bool) -> list[FieldError]:
    """The ingress points of a load balancer's status, of a Service (with IP modes) or an Ingress (ValidateLoadBalancerStatus)."""
    errors: list[FieldError] = []
    known = [point["ip"] for point in old if point.get("ip")]
    for index, point in enumerate(points):
        at, ip, host = path.index(index), point.get("ip"), point.get("hostname")
        if ip:
            errors += validate_ip_legacy(at.child("ip"), ip, known)
        if modes:
            errors += _ip_mode(point, at.child("ipMode"))
        if host:
            errors += dns_subdomain(host, at.child("hostname"))
            if parse_ip(host):
                errors.append(invalid(at.child("hostname"), host, "must be a DNS name, not an IP address"))
    return errors


def _ip_mode(point: Tree, path: Path) -> list[FieldError]:
    mode = point.get("ipMode")
    if mode is None:
        return [required(path, "must be specified when `ip` is set")] if point.get("ip") else []
    return one_of(mode, path, ("Proxy", "VIP")) if point.get("ip") else [forbidden(path, "may not be specified when `ip` is not set")]


def path_segment(value: str, path: Path) -> list[FieldError]:
    """A name that stands in a URL."""
    return messages(value, path, names.is_path_segment_name)
