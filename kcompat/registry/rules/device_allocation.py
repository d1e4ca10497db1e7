"""What devices a claim got, and what is known of them (pkg/apis/resource/validation: validateResourceClaimStatusUpdate).

Called by the rules of ResourceClaims. Pure.
"""

from __future__ import annotations

from typing import Final

from kcompat.apimachinery.field import FieldError, Path, Raw, forbidden, invalid, required, too_long, too_many
from kcompat.apimachinery.ip import validate_interface_address
from kcompat.apimachinery.names import byte_length
from kcompat.apimachinery.validation import validate_conditions
from kcompat.registry.declare import Tree
from kcompat.registry.rules.device_claim import MAX_ITEMS, Requests, allocation_config_errors, request_names
from kcompat.registry.rules.device_names import (
    Found,
    bindings,
    declared_pool_name,
    driver_name,
    parameters,
    pool_name,
    request_ref,
    share_id,
    toleration,
)
from kcompat.registry.rules.fields import dns_label
from kcompat.registry.rules.pod.scheduling import node_selector

_STATUS: Final = Path("status")
_MAX_CONSUMERS, _MAX_CONDITIONS, _MAX_ADDRESSES = 256, 8, 16
_NETWORK: Final = {"interfaceName": 256, "hardwareAddress": 128}
_KEYS: Final = ("driver", "pool", "device", "shareID")


def device_ids(status: Tree) -> list[tuple[str, ...]]:
    """The allocated devices."""
    allocation = status.get("allocation") or {}
    return [_id(result) for result in (allocation.get("devices") or {}).get("results") or ()]


def _id(device: Tree) -> tuple[str, ...]:
    return tuple(device.get(key) or "" for key in _KEYS)


def drop_deallocated(new: Tree, old: Tree) -> None:
    """Nothing is said any more of devices that were given back."""
    gone = set(device_ids(old)) - set(device_ids(new))
    devices = [device for device in new.get("devices") or () if _id(device) not in gone]
    if devices:
        new["devices"] = devices
    else:
        new.pop("devices", None)


def status_errors(new: Tree, old: Tree) -> list[FieldError]:
    """Of whole claims. Declarative errors come in the order of the fields, after all others."""
    status = new.get("status") or {}
    consumers, devices, allocation = Found(), Found(), Found()
    listed, at = status.get("reservedFor") or [], _STATUS.child("reservedFor")
    if consumers.each(listed, at, _MAX_CONSUMERS, lambda item, here: _consumer(item, here, consumers)):
        consumers.unique(listed, at, "uid")
    _devices(status, devices)
    late = _late_consumers(new, old, at)
    _allocated(new, old, allocation)
    plain = (*consumers.plain, *devices.plain, *late, *allocation.plain)
    return [*plain, *allocation.declared, *consumers.declared, *devices.declared]


def _late_consumers(new: Tree, old: Tree, path: Path) -> list[FieldError]:
    status, before = new.get("status") or {}, (old.get("status") or {}).get("reservedFor") or ()
    consumers = status.get("reservedFor") or ()
    if consumers and status.get("allocation") is None:
        return [forbidden(path, "may not be specified when `allocated` is not set")]
    if new["metadata"].get("deletionTimestamp") and any(item not in before for item in consumers):
        return [forbidden(path, "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set")]
    return []


def _allocated(new: Tree, old: Tree, found: Found) -> None:
    allocation, before = (new.get("status") or {}).get("allocation"), (old.get("status") or {}).get("allocation")
    if allocation is not None and before is None:
        _allocation(allocation, _STATUS.child("allocation"), request_names(new["spec"]["devices"]), found)
    elif allocation is not None and allocation != before:
        found.declared.append(invalid(_STATUS.child("allocation"), Raw("null"), "field cannot be modified once set"))


def _consumer(consumer: Tree, path: Path, found: Found) -> None:
    found.plain += [required(path.child(name)) for name in ("resource", "name", "uid") if not consumer.get(name)]


def _allocation(allocation: Tree, path: Path, known: Requests, found: Found) -> None:
    devices, at = allocation.get("devices") or {}, path.child("devices")
    found.each(devices.get("results"), at.child("results"), MAX_ITEMS, lambda item, here: _result(item, here, known, found))
    config = devices.get("config")
    found.each(config, at.child("config"), 2 * MAX_ITEMS, lambda item, here: allocation_config_errors(item, here, known, found))
    if (selector := allocation.get("nodeSelector")) is not None:
        found.plain += node_selector(selector, path.child("nodeSelector"))


def _result(result: Tree, path: Path, known: Requests, found: Found) -> None:
    found.plain += request_ref(result.get("request", ""), path.child("request"), known)
    found.declared_driver(result.get("driver", ""), path.child("driver"))
    found.declared += declared_pool_name(result.get("pool", ""), path.child("pool"))
    found.plain += dns_label(result.get("device", ""), path.child("device"))
    bindings(result, path, found)
    for index, tolerated in enumerate(result.get("tolerations") or ()):
        toleration(tolerated, path.child("tolerations").index(index), found)
    found.declared += share_id(result.get("shareID"), path.child("shareID"))


def _devices(status: Tree, found: Found) -> None:
    devices, path, allocated = status.get("devices") or [], _STATUS.child("devices"), device_ids(status)
    found.unique(devices, path, *_KEYS)
    for index, device in enumerate(devices):
        _device(device, path.index(index), _id(device) in allocated, found)


def _device(device: Tree, path: Path, is_allocated: bool, found: Found) -> None:
    found.plain += driver_name(device.get("driver", ""), path.child("driver")) + pool_name(device.get("pool", ""), path.child("pool"))
    found.plain += dns_label(device.get("device", ""), path.child("device"))
    found.declared += share_id(device.get("shareID"), path.child("shareID"))
    if not is_allocated:
        shown = dict(zip(("Driver", "Pool", "Device", "ShareID"), _id(device), strict=True))
        found.plain.append(invalid(path, shown, "must be an allocated device in the claim"))
    conditions, at = device.get("conditions") or (), path.child("conditions")
    found.plain += [too_many(at, len(conditions), _MAX_CONDITIONS)] if len(conditions) > _MAX_CONDITIONS else []
    found.plain += validate_conditions(conditions, at)
    if device.get("data") is not None:
        found.plain += parameters(device["data"], path.child("data"))
    network, at = device.get("networkData") or {}, path.child("networkData")
    _short(network, "interfaceName", at, found)
    addresses, here = network.get("ips") or [], at.child("ips")
    if found.each(addresses, here, _MAX_ADDRESSES, lambda text, place: found.plain.extend(validate_interface_address(place, text))):
        found.unique(addresses, here)
    _short(network, "hardwareAddress", at, found)


def _short(network: Tree, name: str, path: Path, found: Found) -> None:
    most = _NETWORK[name]
    found.declared += [too_long(path.child(name), most)] if byte_length(network.get(name, "")) > most else []
