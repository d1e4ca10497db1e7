"""CSIDriver, CSINode and CSIStorageCapacity (upstream: pkg/registry/storage, pkg/apis/storage/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery.field import FieldError, Path, duplicate, invalid, not_supported, required
from kcompat.apimachinery.names import byte_length, name_is_dns_subdomain
from kcompat.apimachinery.validation import IMMUTABLE, immutable, nonnegative, validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules import quantities
from kcompat.registry.rules.fields import label_key, messages, one_of
from kcompat.registry.rules.node_labels import label_selector_warnings
from kcompat.registry.rules.plain import PlainRules, StatusRules
from kcompat.registry.rules.pod.volumes import csi_driver_name

_SPEC = Path("spec")
_FLAGS = {
    "attachRequired": True, "podInfoOnMount": False, "storageCapacity": False, "requiresRepublish": False, "seLinuxMount": False,
    "preventPodSchedulingIfMissing": False,
}
_FS_GROUP = ("File", "None", "ReadWriteOnceWithFSType")
_MODES = ("Persistent", "Ephemeral")
_TOKENS = "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, " \
    "set to true to prevent possible logging of tokens in volume attributes"


def _token_requests(requests: Sequence[Tree]) -> list[FieldError]:
    errors: list[FieldError] = []
    audiences = [request.get("audience", "") for request in requests]
    for index, request in enumerate(requests):
        path, seconds = _SPEC.child("tokenRequests").index(index), request.get("expirationSeconds")
        if audiences[index] in audiences[:index]:
            errors.append(duplicate(path.child("audience"), audiences[index]))
        elif seconds is not None and seconds < 600:
            errors.append(invalid(path.child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes"))
        elif seconds is not None and seconds > 1 << 32:
            errors.append(invalid(path.child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds"))
    return errors


class CSIDriverRules(PlainRules):
    """The generation counts changes, from what it is at first."""

    allow_unconditional_update = False
    has_generation = True
    first_generation = False

    def default(self, obj: Tree) -> None:
        spec = obj["spec"]
        for name, value in _FLAGS.items():
            spec.setdefault(name, value)
        spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
        spec["volumeLifecycleModes"] = spec.get("volumeLifecycleModes") or ["Persistent"]

    def validate(self, obj: Tree) -> list[FieldError]:
        spec = obj["spec"]
        errors = one_of(spec["fsGroupPolicy"], _SPEC.child("fsGroupPolicy"), _FS_GROUP)
        requests, period, in_secrets = (
            spec.get(name) for name in ("tokenRequests", "nodeAllocatableUpdatePeriodSeconds", "serviceAccountTokenInSecrets")
        )
        errors += _token_requests(requests or ())
        path = _SPEC.child("volumeLifecycleModes")
        errors += [not_supported(path, mode, _MODES) for mode in spec["volumeLifecycleModes"] if mode not in _MODES]
        if period is not None and period < 10:
            errors.append(invalid(_SPEC.child("nodeAllocatableUpdatePeriodSeconds"), period, "must be greater than or equal to 10 seconds"))
        if in_secrets is not None and not requests:
            detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
            errors.append(invalid(_SPEC.child("serviceAccountTokenInSecrets"), in_secrets, detail))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        errors = self.validate(new)
        for name, shown in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
            errors += immutable(new["spec"].get(name), old["spec"].get(name), _SPEC.child(shown))
        return errors

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        requests = new["spec"].get("tokenRequests")
        known = old is not None and old["spec"].get("tokenRequests") == requests
        return (_TOKENS,) if requests and not known and new["spec"].get("serviceAccountTokenInSecrets") is None else ()


def _node_driver(driver: Tree, names: Sequence[str], path: Path) -> list[FieldError]:
    """`names` are those of the drivers before."""
    name, node, keys = driver.get("name", ""), driver.get("nodeID", ""), driver.get("topologyKeys") or []
    errors = csi_driver_name(name, path.child("name")) + ([] if node else [required(path.child("nodeID"))])
    if byte_length(node) > 256:
        errors.append(invalid(path.child("nodeID"), node, "must be 256 characters or less"))
    count = (driver.get("allocatable") or {}).get("count")
    errors += nonnegative(count, path.child("allocatable", "count")) if count is not None else []
    errors += [duplicate(path.child("name"), name)] if name in names else []
    for index, key in enumerate(keys):
        errors += [] if key else [required(path)]
        errors += [duplicate(path, key)] if key in keys[:index] else []
        errors += label_key(key, path)
    return errors


def _shown_driver(driver: Tree) -> Tree:
    """Upstream's internal struct without what may change."""
    keys = driver.get("topologyKeys") or None
    return {"Name": driver.get("name", ""), "NodeID": driver.get("nodeID", ""), "TopologyKeys": keys, "Allocatable": None}


class CSINodeRules(StatusRules):
    """The health of storage is dropped: its gate is off."""

    allow_unconditional_update = False

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {}

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_status_update(new, old)
        if not (old.get("status") or {}).get("storageHealth"):
            new.setdefault("status", {}).pop("storageHealth", None)

    def validate(self, obj: Tree) -> list[FieldError]:
        drivers, path = obj["spec"].get("drivers") or [], _SPEC.child("drivers")
        known = [driver.get("name", "") for driver in drivers]
        return [error for i, driver in enumerate(drivers) for error in _node_driver(driver, known[:i], path.index(i))]

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        errors, path = self.validate(new), _SPEC.child("drivers")
        wanted = {driver.get("name", ""): _shown_driver(driver) for driver in new["spec"].get("drivers") or ()}
        for before in map(_shown_driver, old["spec"].get("drivers") or ()):
            errors += immutable(wanted.get(before["Name"], before), before, path)
        return errors


class CSIStorageCapacityRules(PlainRules):
    allow_unconditional_update = False

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj, allow_invalid_values=False)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        odd = bool(validate_label_selector(old.get("nodeTopology"), Path("nodeTopology")))
        changed = [name for name in ("nodeTopology", "storageClassName") if new.get(name) != old.get(name)]
        return self._validate(new, allow_invalid_values=odd) + [invalid(Path(name), new.get(name), IMMUTABLE) for name in changed]

    def _validate(self, obj: Tree, allow_invalid_values: bool) -> list[FieldError]:
        errors = validate_label_selector(obj.get("nodeTopology"), Path("nodeTopology"), allow_invalid_values=allow_invalid_values)
        errors += messages(obj.get("storageClassName", ""), Path("storageClassName"), name_is_dns_subdomain)
        amount = obj.get("capacity")
        return errors + (quantities.nonnegative(amount, Path("capacity")) if amount is not None else [])

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        return label_selector_warnings(new.get("nodeTopology"), Path("nodeTopology"))
