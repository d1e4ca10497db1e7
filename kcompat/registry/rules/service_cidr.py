"""ServiceCIDR and IPAddress (upstream: pkg/registry/networking, pkg/apis/networking/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery.field import ROOT, FieldError, Path, invalid, required
from kcompat.apimachinery.ip import parse_cidr, validate_cidr, validate_ip
from kcompat.apimachinery.validation import IMMUTABLE
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import immutable
from kcompat.registry.rules.fields import dns_subdomain, path_segment
from kcompat.registry.rules.plain import PlainRules, StatusRules

_CIDRS, _PARENT = Path("spec", "cidrs"), Path("spec", "parentRef")
_ONE_EACH = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


def _validate_cidrs(cidrs: Sequence[str]) -> list[FieldError]:
    if not cidrs:
        return [required(_CIDRS, "at least one CIDR required")]
    if len(cidrs) > 2:
        return [invalid(_CIDRS, {"CIDRs": list(cidrs)}, "may only hold up to 2 values")]
    errors = [error for index, cidr in enumerate(cidrs) for error in validate_cidr(_CIDRS.index(index), cidr)]
    versions = [parsed[0].version for parsed in map(parse_cidr, cidrs) if parsed]
    return errors + ([invalid(_CIDRS, list(cidrs), _ONE_EACH)] if len(versions) == 2 and versions[0] == versions[1] else [])


class ServiceCIDRRules(StatusRules):
    def validate(self, obj: Tree) -> list[FieldError]:
        return _validate_cidrs(obj["spec"].get("cidrs") or ())

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        """A second family may be added, nothing else."""
        cidrs, before = new["spec"].get("cidrs") or [], old["spec"].get("cidrs") or []
        if len(cidrs) == len(before):
            return [invalid(_CIDRS.index(i), cidr, IMMUTABLE) for i, cidr in enumerate(cidrs) if cidr != before[i]]
        if (len(before), len(cidrs)) != (1, 2):
            return [invalid(_CIDRS, cidrs or None, IMMUTABLE)]
        errors = [] if cidrs[0] == before[0] else [invalid(_CIDRS.index(0), cidrs[0], IMMUTABLE)]
        return errors + _validate_cidrs(cidrs)


class IPAddressRules(PlainRules):
    """The name is the address in canonical form."""

    generates_names = False

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        return [error.detail for error in validate_ip(ROOT, name)]

    def validate(self, obj: Tree) -> list[FieldError]:
        parent = obj["spec"].get("parentRef")
        return [required(_PARENT)] if parent is None else self._validate(parent) + self._missing(parent)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self.validate(new) + immutable(new["spec"].get("parentRef"), old["spec"].get("parentRef"), _PARENT)

    def _validate(self, parent: Tree) -> list[FieldError]:
        errors = dns_subdomain(parent["group"], _PARENT.child("group")) if parent.get("group") else []
        return errors + [
            error for name in ("resource", "name", "namespace") if parent.get(name)
            for error in path_segment(parent[name], _PARENT.child(name))
        ]

    def _missing(self, parent: Tree) -> list[FieldError]:
        return [required(_PARENT.child(name)) for name in ("resource", "name") if not parent.get(name)]
