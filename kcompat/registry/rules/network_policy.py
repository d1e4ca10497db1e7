"""NetworkPolicy (upstream: pkg/registry/networking/networkpolicy, pkg/apis/networking/validation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, required
from kcompat.apimachinery.ip import Network, cidr_warnings, parse_cidr, validate_cidr_legacy
from kcompat.apimachinery.names import is_valid_port_name
from kcompat.apimachinery.validation import validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules.fields import messages, one_of, port_number
from kcompat.registry.rules.plain import PlainRules

_SPEC = Path("spec")
_DIRECTIONS = (("ingress", "from"), ("egress", "to"))


def _rules(spec: Tree) -> Iterable[tuple[Tree, Path, str]]:
    """Every rule, where it stands, and what its peers are called."""
    for direction, peers in _DIRECTIONS:
        for index, rule in enumerate(spec.get(direction) or ()):
            yield rule, _SPEC.child(direction).index(index), peers


def _blocks(spec: Tree) -> Iterable[tuple[Tree, Path]]:
    """Every block of addresses and where it stands."""
    for rule, path, peers in _rules(spec):
        for index, peer in enumerate(rule.get(peers) or ()):
            if peer.get("ipBlock") is not None:
                yield peer["ipBlock"], path.child(peers).index(index).child("ipBlock")


def _validate_port(port: Tree, path: Path) -> list[FieldError]:
    errors = one_of(port["protocol"], path.child("protocol"), ("TCP", "UDP", "SCTP")) if port.get("protocol") is not None else []
    first, last, at = port.get("port"), port.get("endPort"), path.child("endPort")
    if first is None:
        return errors + ([invalid(at, last, "may not be specified when `port` is not specified")] if last is not None else [])
    if isinstance(first, str):
        errors += [invalid(at, last, "may not be specified when `port` is non-numeric")] if last is not None else []
        return errors + messages(first, path.child("port"), is_valid_port_name)
    errors += port_number(first, path.child("port"))
    if last is not None:
        errors += [invalid(at, last, "must be greater than or equal to `port`")] if last < first else []
        errors += port_number(last, at)
    return errors


def _validate_block(block: Tree, path: Path, known: Sequence[str]) -> list[FieldError]:
    """ValidateIPBlock, but for a missing CIDR, which is checked apart."""
    cidr = block.get("cidr", "")
    if not cidr:
        return []
    errors, parsed = validate_cidr_legacy(path.child("cidr"), cidr, known), parse_cidr(cidr)
    for index, hole in enumerate(block.get("except") or () if parsed else ()):
        at, inner = path.child("except").index(index), parse_cidr(hole)
        errors += validate_cidr_legacy(at, hole, known)
        if inner and parsed and not _is_inside(inner[1], parsed[1]):
            errors.append(invalid(at, hole, "must be a strict subset of `cidr`"))
    return errors


def _is_inside(inner: Network, outer: Network) -> bool:
    """A strict subset: contained, and with a longer prefix."""
    return inner.version == outer.version and inner.network_address in outer and inner.prefixlen > outer.prefixlen


def _validate_peer(peer: Tree, path: Path, known: Sequence[str], allow_invalid_values: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in ("podSelector", "namespaceSelector"):
        errors += validate_label_selector(peer.get(name), path.child(name), allow_invalid_values=allow_invalid_values)
    block = peer.get("ipBlock")
    errors += _validate_block(block, path.child("ipBlock"), known) if block is not None else []
    present = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(name) is not None]
    if not present:
        errors.append(required(path, "must specify a peer"))
    elif len(present) > 1 and block is not None:
        errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return errors


def _validate_types(types: Sequence[str]) -> list[FieldError]:
    path = _SPEC.child("policyTypes")
    if len(types) > 2:
        return [invalid(path, list(types), "may not specify more than two policyTypes")]
    return [error for index, kind in enumerate(types) for error in one_of(kind, path.index(index), ("Ingress", "Egress"))]


def _validate_spec(spec: Tree, known: Sequence[str] = (), allow_invalid_values: bool = False) -> list[FieldError]:
    errors = validate_label_selector(spec.get("podSelector"), _SPEC.child("podSelector"), allow_invalid_values=allow_invalid_values)
    for rule, path, peers in _rules(spec):
        for index, port in enumerate(rule.get("ports") or ()):
            errors += _validate_port(port, path.child("ports").index(index))
        for index, peer in enumerate(rule.get(peers) or ()):
            errors += _validate_peer(peer, path.child(peers).index(index), known, allow_invalid_values)
    errors += _validate_types(spec.get("policyTypes") or ())
    return errors + [required(path.child("cidr")) for block, path in _blocks(spec) if not block.get("cidr")]


class NetworkPolicyRules(PlainRules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        spec = obj["spec"]
        for direction, _ in _DIRECTIONS:
            for rule in spec.get(direction) or ():
                for port in rule.get("ports") or ():
                    port.setdefault("protocol", "TCP")
        if not spec.get("policyTypes"):
            spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]

    def validate(self, obj: Tree) -> list[FieldError]:
        return _validate_spec(obj["spec"])

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        known = [cidr for block, _ in _blocks(old["spec"]) for cidr in (block.get("cidr", ""), *(block.get("except") or ()))]
        odd = bool(validate_label_selector(old["spec"].get("podSelector"), _SPEC))
        return _validate_spec(new["spec"], known, odd)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        found: list[str] = []
        for block, path in _blocks(new["spec"]):
            found += cidr_warnings(path.child("cidr"), block.get("cidr", ""))
            for index, hole in enumerate(block.get("except") or ()):
                found += cidr_warnings(path.child("except").index(index), hole)
        return found
