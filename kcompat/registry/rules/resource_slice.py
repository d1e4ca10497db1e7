"""ResourceSlice (upstream: pkg/registry/resource/resourceslice, pkg/apis/resource/validation)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kcompat.apimachinery.clock import Clock, SystemClock, rfc3339
from kcompat.apimachinery.field import FieldError, Path, Raw, duplicate, forbidden, invalid, required, too_long, too_many
from kcompat.apimachinery.names import byte_length, is_dns1123_subdomain
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.validation import immutable, unchanged
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import short_name
from kcompat.registry.rules.device_capacity import policy_errors
from kcompat.registry.rules.device_names import Found, bindings, driver_name, pool_name, qualified_name, taint
from kcompat.registry.rules.fields import dns_label, messages
from kcompat.registry.rules.plain import PlainRules
from kcompat.registry.rules.pod.go_form import go_list
from kcompat.registry.rules.pod.scheduling import node_selector

_SPEC: Final = Path("spec")
_MAX_DEVICES, _MAX_SPECIAL_DEVICES, _MAX_TAINTS, _MAX_KEY = 128, 64, 16, 63 + 1 + 32
_MAX_SETS, _MAX_COUNTERS, _MAX_CONSUMPTIONS, _MAX_FACTS, _MAX_VALUE = 8, 32, 2, 32, 64
_LISTS: Final = ("ints", "bools", "strings", "versions")
_VALUES: Final = ("int", "bool", "string", "version", *_LISTS)
_VERSION: Final = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)
_ONE_PLACE: Final = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_ONE_NODE: Final = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in " \
    "the ResourceSlice spec"
_NO_NODE: Final = "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the " \
    "ResourceSlice spec"


def _place(tree: Tree, path: Path, found: Found, empty: str) -> list[str]:
    """Checks where devices are, and says in which ways that is put."""
    name, selector, ways = tree.get("nodeName"), tree.get("nodeSelector"), list[str]()
    if name:
        ways.append("`nodeName`")
        found.plain += messages(name, path.child("nodeName"), is_dns1123_subdomain)
    elif name is not None:
        found.plain.append(invalid(path.child("nodeName"), name, empty))
    if selector is not None:
        ways.append("`nodeSelector`")
        found.plain += node_selector(selector, path.child("nodeSelector"))
    return ways


def _flags(tree: Tree, path: Path, found: Found, *names: str) -> list[str]:
    for name in names:
        if tree.get(name) is False:
            found.plain.append(invalid(path.child(name), False, "must be either unset or set to true"))
    return [f"`{name}`" for name in names if tree.get(name)]


def _one_way(ways: Sequence[str], path: Path, found: Found, detail: str, more: str) -> None:
    if not ways:
        found.plain.append(required(path, detail))
    elif len(ways) > 1:
        found.plain.append(invalid(path, f"{{{', '.join(ways)}}}", detail + more))


def _places(spec: Tree, found: Found) -> None:
    ways = _place(spec, _SPEC, found, "must be either unset or set to a non-empty string")
    terms = (spec.get("nodeSelector") or {}).get("nodeSelectorTerms") or []
    if spec.get("nodeSelector") is not None and len(terms) != 1:
        shown = go_list(terms, "core/v1.NodeSelectorTerm")
        found.plain.append(invalid(_SPEC.child("nodeSelector", "nodeSelectorTerms"), shown, "must have exactly one node selector term"))
    ways += _flags(spec, _SPEC, found, "allNodes", "perDeviceNodeSelection")
    _one_way(ways, _SPEC, found, _ONE_PLACE, ", but multiple fields are set")


def _device_place(device: Tree, per_device: bool, path: Path, found: Found) -> None:
    if per_device:
        ways = _place(device, path, found, "must not be empty") + _flags(device, path, found, "allNodes")
        _one_way(ways, path, found, _ONE_NODE, "")
    elif any(device.get(name) is not None for name in ("nodeName", "nodeSelector", "allNodes")):
        found.plain.append(invalid(path, Raw("null"), _NO_NODE))


def _map(items: Tree | None, path: Path, found: Found, check: Callable[[Tree, Path], None]) -> None:
    for name, item in (items or {}).items():
        found.plain += qualified_name(name, path)
        check(item, path.key(_shortened(name)))


def _shortened(name: str) -> str:
    rest = _MAX_KEY - 3
    return name if len(name) <= _MAX_KEY else f"{name[: (rest + 1) // 2]}...{name[len(name) - rest // 2 :]}"


def _attribute(attribute: Tree, path: Path, found: Found) -> None:
    text, version = attribute.get("string"), attribute.get("version")
    if text is not None and byte_length(text) > _MAX_VALUE:
        found.plain.append(too_long(path.child("string"), _MAX_VALUE))
    if version is not None:
        at = path.child("version")
        if not _VERSION.fullmatch(version):
            found.plain.append(invalid(at, version, "must be a string compatible with semver.org spec 2.0.0"))
        found.plain += [too_long(at, _MAX_VALUE)] if byte_length(version) > _MAX_VALUE else []
    given = [name for name in _VALUES if attribute.get(name) is not None]
    if len(given) != 1:
        detail = f"must specify {'exactly ' if given else ''}one of: {', '.join(f'`{name}`' for name in _VALUES)}"
        found.declared.append(invalid(path, f"{{{', '.join(given)}}}" if given else "", detail))


def _capacity(capacity: Tree, path: Path, shared: bool, found: Found) -> None:
    at = path.child("requestPolicy")
    if shared:
        found.plain += policy_errors(capacity, at)
    elif capacity.get("requestPolicy") is not None:
        found.plain.append(forbidden(at, "allowMultipleAllocations must be true"))


def _counters(tree: Tree, path: Path, name: str, found: Found) -> None:
    """A set of counters, or what a device takes of one."""
    value, counters, at = tree.get(name, ""), tree.get("counters") or {}, path.child("counters")
    found.declared += short_name(value, path.child(name)) if value else [required(path.child(name))]
    if not counters:
        found.declared.append(required(at))
    elif len(counters) > _MAX_COUNTERS:
        found.plain.append(too_many(at, len(counters), _MAX_COUNTERS))
    else:
        found.declared += [error for key in counters for error in dns_label(key, at)]


def _device(device: Tree, old: Tree | None, per_device: bool, path: Path, found: Found) -> None:
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    found.plain += dns_label(device.get("name", ""), path.child("name"))
    count = len(attributes) + len(capacity)
    if count > _MAX_FACTS:
        found.plain.append(invalid(path, count, f"the total number of attributes and capacities must not exceed {_MAX_FACTS}"))
    _map(attributes, path.child("attributes"), found, lambda item, at: _attribute(item, at, found))
    if old is None or old.get("capacity") != device.get("capacity"):
        shared = bool(device.get("allowMultipleAllocations"))
        _map(capacity, path.child("capacity"), found, lambda item, at: _capacity(item, at, shared, found))
    taints, at = device.get("taints") or (), path.child("taints")
    if old is None or old.get("taints") != device.get("taints"):
        if len(taints) > _MAX_TAINTS:
            found.plain.append(too_many(at, len(taints), _MAX_TAINTS))
        for index, value in enumerate(taints if len(taints) <= _MAX_TAINTS else ()):
            taint(value, None, at.index(index), found)
    taken, at = device.get("consumesCounters") or [], path.child("consumesCounters")
    found.each_unique(taken, at, _MAX_CONSUMPTIONS, lambda item, here: _counters(item, here, "counterSet", found), "counterSet")
    _device_place(device, per_device, path, found)
    bindings(device, path, found)


def _is_special(device: Tree) -> bool:
    return bool(device.get("taints") or device.get("consumesCounters"))


def _devices(spec: Tree) -> Iterable[Tree]:
    return spec.get("devices") or ()


def _attributes(spec: Tree) -> Iterable[Tree]:
    return (attribute for device in _devices(spec) for attribute in (device.get("attributes") or {}).values())


def _consumptions(spec: Tree) -> Iterable[Tree]:
    return (taken for device in _devices(spec) for taken in device.get("consumesCounters") or ())


_OFF: Final = ((_devices, ("nodeAllocatableResources",)), (_consumptions, ("compatibilityGroups",)), (_attributes, _LISTS))


class ResourceSliceRules(PlainRules):
    """The clock says when taints were added."""

    has_generation = True

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def default(self, obj: Tree) -> None:
        for device in obj["spec"].get("devices") or ():
            for value in device.get("taints") or ():
                if value.get("timeAdded") is None:
                    value["timeAdded"] = rfc3339(self.clock.now())

    def prepare_for_create(self, obj: Tree) -> None:
        self._drop(obj["spec"], {})

    def _drop(self, spec: Tree, old: Tree) -> None:
        """Drops what is off, unless it is in use (dropDisabledFields)."""
        for name in ("partitionTypeAttribute", "skipNodeOperations"):
            if not old.get(name):
                spec.pop(name, None)
        for holders, names in _OFF:
            if not any(holder.get(name) is not None for holder in holders(old) for name in names):
                for holder in holders(spec):
                    for name in names:
                        holder.pop(name, None)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """What is dropped counts as a change of the spec."""
        if not unchanged(new["spec"], old["spec"]):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        self._drop(new["spec"], old["spec"])

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        return False

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj["spec"], None)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self._validate(new["spec"], old["spec"])

    def _validate(self, spec: Tree, old: Tree | None) -> list[FieldError]:
        pool, path, found = spec.get("pool") or {}, _SPEC.child("pool"), Found()
        found.plain += driver_name(spec.get("driver", ""), _SPEC.child("driver")) + pool_name(pool.get("name", ""), path.child("name"))
        count, generation = pool.get("resourceSliceCount", 0), pool.get("generation", 0)
        if count <= 0:
            found.plain.append(invalid(path.child("resourceSliceCount"), count, "must be greater than zero"))
        if generation < 0:
            found.plain.append(invalid(path.child("generation"), generation, "must be greater than or equal to zero"))
        if old is not None:
            before = old.get("pool") or {}
            found.plain += immutable(pool.get("name", ""), before.get("name", ""), path.child("name"))
            for name in ("driver", "nodeName"):
                found.plain += immutable(spec.get(name), old.get(name), _SPEC.child(name))
        _places(spec, found)
        self._contents(spec, old, found)
        return found.all()

    def _contents(self, spec: Tree, old: Tree | None, found: Found) -> None:
        devices, sets = spec.get("devices"), spec.get("sharedCounters")
        if devices is not None and sets is not None:
            found.plain.append(invalid(_SPEC, "", "only one of `sharedCounters` or `devices` is allowed"))
        most, path = _MAX_SPECIAL_DEVICES if any(map(_is_special, devices or ())) else _MAX_DEVICES, _SPEC.child("devices")
        known = {device.get("name", ""): device for device in (old or {}).get("devices") or ()}
        names = [device.get("name", "") for device in devices or ()]
        if len(names) > most:
            found.plain.append(too_many(path, len(names), most))
        for index, device in enumerate(devices or () if len(names) <= most else ()):
            _device(device, known.get(names[index]), bool(spec.get("perDeviceNodeSelection")), path.index(index), found)
        twice = (index for index, name in enumerate(names) if name in names[:index] and len(names) <= most)
        found.plain += [duplicate(path.index(index), names[index]) for index in twice]
        path = _SPEC.child("sharedCounters")
        found.each_unique(sets, path, _MAX_SETS, lambda item, at: _counters(item, at, "name", found), "name")

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        driver = new["spec"].get("driver", "")
        text = f"spec.driver: driver names should be lowercase; {quote(driver)} contains uppercase characters"
        return [] if driver == driver.lower() else [text]
