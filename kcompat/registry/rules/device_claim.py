"""What claims to devices ask for (pkg/apis/resource/validation: validateDeviceClaim).

Called by the rules of ResourceClaims, their templates and DeviceClasses. Pure. CEL expressions are not compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kcompat.apimachinery.field import FieldError, Path, Raw, invalid, not_supported, required, too_long
from kcompat.apimachinery.names import byte_length
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import long_name
from kcompat.registry.rules.device_names import Found, class_name, full_name, parameters, request_ref, toleration
from kcompat.registry.rules.fields import dns_label

MAX_ITEMS: Final = 32
_MAX_ALTERNATIVES: Final = 8
_MAX_EXPRESSION: Final = 10 * 1024
_MODES: Final = ("All", "ExactCount")
_ONE_KIND: Final = "exactly one of `exactly` or `firstAvailable` is required"
_ONE_ATTRIBUTE: Final = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'

Requests = Mapping[str, Sequence[str]]


def default_claim(spec: Tree) -> None:
    """How many devices, and what tolerations compare."""
    for request in spec["devices"].get("requests") or ():
        exactly = request.get("exactly")
        for part in ([exactly] if exactly is not None else []) + (request.get("firstAvailable") or []):
            mode = part["allocationMode"] = part.get("allocationMode") or "ExactCount"
            if mode == "ExactCount" and not part.get("count"):
                part["count"] = 1
            default_tolerations(part)


def default_tolerations(part: Tree) -> None:
    for tolerated in part.get("tolerations") or ():
        tolerated["operator"] = tolerated.get("operator") or "Equal"


def drop_derived(spec: Tree, old: Tree | None = None) -> None:
    """Takes away derived attributes, which are off, unless the old claim has some (dropDisabledDRADerivedAttributesFields)."""
    if old is not None and any(part.get("derivedAttributes") for part in _parts(old)):
        return
    for part in _parts(spec):
        part.pop("derivedAttributes", None)


def _parts(spec: Tree) -> Iterator[Tree]:
    """What is asked for, the alternatives too."""
    for request in spec["devices"].get("requests") or ():
        yield from (part for part in (request.get("exactly"), *(request.get("firstAvailable") or ())) if part is not None)


def request_names(devices: Tree) -> Requests:
    requests = devices.get("requests") or ()
    return {request.get("name", ""): [part.get("name", "") for part in request.get("firstAvailable") or ()] for request in requests}


def claim_errors(spec: Tree, path: Path) -> list[FieldError]:
    return claim_found(spec, path).all()


def claim_found(spec: Tree, path: Path) -> Found:
    """validateResourceClaimSpec."""
    devices, at, found = spec["devices"], path.child("devices"), Found()
    known, requests = request_names(devices), devices.get("requests") or []
    found.each_unique(requests, at.child("requests"), MAX_ITEMS, lambda item, here: _request(item, here, found), "name")
    found.each(devices.get("constraints"), at.child("constraints"), MAX_ITEMS, lambda item, here: _constraint(item, here, known, found))
    found.each(devices.get("config"), at.child("config"), MAX_ITEMS, lambda item, here: _config(item, here, known, found))
    return found


def _request(request: Tree, path: Path, found: Found) -> None:
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable") or []
    found.plain += dns_label(request.get("name", ""), path.child("name"))
    if exactly is None and not alternatives:
        found.plain.append(required(path, _ONE_KIND))
    elif exactly is not None and alternatives:
        found.plain.append(invalid(path, Raw("null"), f"{_ONE_KIND}, but multiple fields are set"))
        tags = Found()  # tags are looked at nevertheless
        _alternatives(alternatives, path.child("firstAvailable"), tags)
        found.declared += tags.declared
    elif exactly is not None:
        at = path.child("exactly")
        found.plain += class_name(exactly.get("deviceClassName", ""), at.child("deviceClassName"))
        _wanted(exactly, at, found)
    else:
        _alternatives(alternatives, path.child("firstAvailable"), found)


def _alternatives(requests: Sequence[Tree], path: Path, found: Found) -> None:
    found.each_unique(requests, path, _MAX_ALTERNATIVES, lambda item, here: _alternative(item, here, found), "name")


def _alternative(request: Tree, path: Path, found: Found) -> None:
    found.plain += dns_label(request.get("name", ""), path.child("name"))
    name, at = request.get("deviceClassName", ""), path.child("deviceClassName")
    found.declared += long_name(name, at) if name else [required(at)]
    _wanted(request, path, found)


def _wanted(request: Tree, path: Path, found: Found) -> None:
    selector_errors(request.get("selectors"), path.child("selectors"), found)
    mode, count, at = request.get("allocationMode", ""), request.get("count", 0), path.child("count")
    if mode == "All" and count:
        found.plain.append(invalid(at, count, f"must not be specified when allocationMode is '{mode}'"))
    elif mode == "ExactCount" and count <= 0:
        found.plain.append(invalid(at, count, "must be greater than zero"))
    elif mode not in _MODES:
        found.declared.append(not_supported(path.child("allocationMode"), mode, _MODES))
    for index, tolerated in enumerate(request.get("tolerations") or ()):
        toleration(tolerated, path.child("tolerations").index(index), found)


def selector_errors(selectors: Sequence[Tree] | None, path: Path, found: Found, *, known: bool = False) -> None:
    """Expressions of known selectors are not looked at."""
    found.each(selectors, path, MAX_ITEMS, lambda item, here: _selector(item, here, found, known))


def _selector(selector: Tree, path: Path, found: Found, known: bool) -> None:
    cel = selector.get("cel")
    if cel is None:
        found.plain.append(required(path.child("cel")))
    elif not known and byte_length(cel.get("expression", "")) > _MAX_EXPRESSION:
        found.plain.append(too_long(path.child("cel", "expression"), _MAX_EXPRESSION))


def _constraint(constraint: Tree, path: Path, known: Requests, found: Found) -> None:
    _refs(constraint, path, known, found)
    for name in ("matchAttribute", "distinctAttribute"):
        if constraint.get(name) is not None:
            found.declared += full_name(constraint[name], path.child(name))
            return
    found.plain.append(required(path, _ONE_ATTRIBUTE))


def _refs(tree: Tree, path: Path, known: Requests, found: Found) -> None:
    refs, at = tree.get("requests") or [], path.child("requests")
    found.each_unique(refs, at, MAX_ITEMS, lambda name, here: found.plain.extend(request_ref(name, here, known)))


def _config(config: Tree, path: Path, known: Requests, found: Found) -> None:
    _refs(config, path, known, found)
    config_errors(config, path, found)


def config_errors(config: Tree, path: Path, found: Found, *, known: bool = False) -> None:
    """validateDeviceConfiguration. Parameters of known ones may be long."""
    opaque, at = config.get("opaque"), path.child("opaque")
    if opaque is None:
        found.plain.append(required(at))
        return
    found.declared_driver(opaque.get("driver", ""), at.child("driver"))
    most = 1 << 40 if known else _MAX_EXPRESSION
    found.plain += parameters(opaque.get("parameters"), at.child("parameters"), most)


def allocation_config_errors(config: Tree, path: Path, known: Requests, found: Found) -> None:
    """validateDeviceAllocationConfiguration."""
    source = config.get("source", "")
    if source not in ("FromClaim", "FromClass"):
        at = path.child("source")
        found.declared.append(not_supported(at, source, ("FromClaim", "FromClass")) if source else required(at))
    _config(config, path, known, found)
