"""Table columns of the core group's kinds, but for pods, pod templates and replication controllers. Called by `registry/groups/core.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from kcompat.apimachinery import meta, quantity
from kcompat.registry.columns.cells import AGE, NAME, NONE, UNKNOWN, UNSET, format_labels, path, wide
from kcompat.registry.declare import Cell, CellFunction, Column, Tree

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _config_map_size(obj: Tree, now: datetime) -> Cell:
    return len(obj.get("data") or ()) + len(obj.get("binaryData") or ())


def _secret_size(obj: Tree, now: datetime) -> Cell:
    return len(obj.get("data") or ())


CONFIG_MAP: Final = (NAME, Column("Data", _config_map_size), AGE)
SECRET: Final = (NAME, Column("Type", path("type")), Column("Data", _secret_size), AGE)
SERVICE_ACCOUNT: Final = (NAME, AGE)
NAMESPACE: Final = (NAME, Column("Status", path(".status.phase")), AGE)


# -- services and endpoints ------------------------------------------------------------------------------------------------


def _service_ip(obj: Tree, now: datetime) -> Cell:
    ips = meta.get(obj, ("spec", "clusterIPs"), ())
    return ips[0] if ips else NONE


def load_balancer_addresses(obj: Tree) -> list[str]:
    """IPs, else host names, of a Service's or Ingress' load balancer, sorted (loadBalancerStatusStringer)."""
    points = meta.get(obj, ("status", "loadBalancer", "ingress"), ())
    return sorted({point.get("ip") or point.get("hostname") or "" for point in points} - {""})


def _external_ip(obj: Tree, now: datetime) -> Cell:
    spec = obj["spec"]
    kind, own = spec.get("type", ""), spec.get("externalIPs") or []
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(own) or NONE
    if kind == "LoadBalancer":
        return ",".join(load_balancer_addresses(obj) + own) or "<pending>"
    return spec.get("externalName", "") if kind == "ExternalName" else UNKNOWN


def _service_port(port: Tree) -> str:
    number, protocol = port.get("port", 0), port.get("protocol", "")
    return f"{number}:{port['nodePort']}/{protocol}" if port.get("nodePort") else f"{number}/{protocol}"


def _service_ports(obj: Tree, now: datetime) -> Cell:
    return ",".join(map(_service_port, obj["spec"].get("ports") or ())) or NONE


def _service_selector(obj: Tree, now: datetime) -> Cell:
    return format_labels(obj["spec"].get("selector"))


SERVICE: Final = (
    NAME, Column("Type", path(".spec.type")), Column("Cluster-IP", _service_ip), Column("External-IP", _external_ip),
    Column("Port(s)", _service_ports), AGE, *wide(Column("Selector", _service_selector)),
)


def _subset_addresses(subset: Tree) -> Iterable[str]:
    ips = [address.get("ip", "") for address in subset.get("addresses") or ()]
    ports = subset.get("ports") or ()
    if not ports:
        return ips
    return [f"[{ip}]:{port.get('port', 0)}" if ":" in ip else f"{ip}:{port.get('port', 0)}" for port in ports for ip in ips]


def _endpoints(obj: Tree, now: datetime) -> Cell:
    """The first three addresses (formatEndpoints)."""
    if not obj.get("subsets"):
        return NONE
    found = [address for subset in obj["subsets"] for address in _subset_addresses(subset)]
    shown = ",".join(found[:3])
    return f"{shown} + {len(found) - 3} more..." if len(found) > 3 else shown


ENDPOINTS: Final = (NAME, Column("Endpoints", _endpoints), AGE)


# -- nodes -------------------------------------------------------------------------------------------------------------------


def _node_status(obj: Tree, now: datetime) -> Cell:
    ready = meta.find_condition(meta.conditions(obj), "Ready")
    status = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{status},SchedulingDisabled" if meta.get(obj, ("spec", "unschedulable")) else status


def _node_roles(obj: Tree, now: datetime) -> Cell:
    labels = meta.labels(obj)
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)} | {labels.get(_ROLE_LABEL, "")}
    return ",".join(sorted(roles - {""})) or NONE


def _node_address(kind: str) -> CellFunction:
    def cell(obj: Tree, now: datetime) -> Cell:
        addresses = meta.get(obj, ("status", "addresses"), ())
        return next((address.get("address", "") for address in addresses if address.get("type") == kind), NONE)

    return cell


def _node_info(obj: Tree, name: str) -> str:
    return meta.get(obj, ("status", "nodeInfo", name)) or UNKNOWN


def _kernel(obj: Tree, now: datetime) -> Cell:
    architecture = meta.get(obj, ("status", "nodeInfo", "architecture"))
    return _node_info(obj, "kernelVersion") + (f" ({architecture})" if architecture else "")


NODE: Final = (
    NAME, Column("Status", _node_status), Column("Roles", _node_roles), AGE, Column("Version", path(".status.nodeInfo.kubeletVersion")),
    *wide(
        Column("Internal-IP", _node_address("InternalIP")),
        Column("External-IP", _node_address("ExternalIP")),
        Column("OS-Image", lambda obj, now: _node_info(obj, "osImage")),
        Column("Kernel-Version", _kernel),
        Column("Container-Runtime", lambda obj, now: _node_info(obj, "containerRuntimeVersion")),
    ),
)


# -- volumes -----------------------------------------------------------------------------------------------------------------


def _modes(modes: Sequence[str] | None) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in (modes or ()))


def _amount(resources: Any) -> str:
    """The storage in a resource list, in canonical form, "0" for none."""
    return quantity.canonical((resources or {}).get("storage") or "0")


def _phase(obj: Tree, now: datetime) -> Cell:
    return "Terminating" if meta.is_being_deleted(obj) else str(meta.get(obj, ("status", "phase"), ""))


def storage_class(obj: Tree, now: datetime) -> Cell:
    """The class of a volume or claim; the old annotation wins (core/helper: GetPersistentVolumeClass)."""
    return meta.annotations(obj).get(_CLASS_ANNOTATION, str(meta.get(obj, ("spec", "storageClassName"), "")))


def _claim(obj: Tree, now: datetime) -> Cell:
    claim = meta.get(obj, ("spec", "claimRef"))
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim is not None else ""


_CLASSES: Final = (Column("StorageClass", storage_class), Column("VolumeAttributesClass", path(".spec.volumeAttributesClassName", UNSET)))
_VOLUME_MODE: Final = wide(Column("VolumeMode", path(".spec.volumeMode", UNSET)))

PERSISTENT_VOLUME: Final = (
    NAME, Column("Capacity", lambda obj, now: _amount(obj["spec"].get("capacity"))),
    Column("Access Modes", lambda obj, now: _modes(obj["spec"].get("accessModes"))),
    Column("Reclaim Policy", path(".spec.persistentVolumeReclaimPolicy")), Column("Status", _phase), Column("Claim", _claim),
    *_CLASSES, Column("Reason", path(".status.reason")), AGE, *_VOLUME_MODE,
)


def _claim_capacity(obj: Tree, now: datetime) -> Cell:
    return _amount(meta.get(obj, ("status", "capacity"))) if meta.get(obj, ("spec", "volumeName")) else ""


def _claim_modes(obj: Tree, now: datetime) -> Cell:
    return _modes(meta.get(obj, ("status", "accessModes"))) if meta.get(obj, ("spec", "volumeName")) else ""


PERSISTENT_VOLUME_CLAIM: Final = (
    NAME, Column("Status", _phase), Column("Volume", path(".spec.volumeName")), Column("Capacity", _claim_capacity),
    Column("Access Modes", _claim_modes), *_CLASSES, AGE, *_VOLUME_MODE,
)


# -- quotas, component statuses --------------------------------------------------------------------------------------------------


def _quota(limits: bool) -> CellFunction:
    """Used and hard amounts of resources whose name starts with `limits.`, or of the others (printResourceQuota)."""

    def cell(obj: Tree, now: datetime) -> Cell:
        hard, used = (meta.get(obj, ("status", name), {}) for name in ("hard", "used"))
        shown = sorted(name for name in hard if name.startswith("limits.") is limits)
        return ", ".join(f"{name}: {quantity.canonical(used.get(name, '0'))}/{quantity.canonical(hard[name])}" for name in shown)

    return cell


RESOURCE_QUOTA: Final = (NAME, Column("Request", _quota(False)), Column("Limit", _quota(True)), AGE)


def _health(obj: Tree) -> Tree:
    return next((condition for condition in obj.get("conditions") or () if condition.get("type") == "Healthy"), {})


def _health_status(obj: Tree, now: datetime) -> Cell:
    return {"": "Unknown", "True": "Healthy"}.get(_health(obj).get("status", ""), "Unhealthy")


COMPONENT_STATUS: Final = (
    NAME, Column("Status", _health_status), Column("Message", lambda obj, now: _health(obj).get("message", "")),
    Column("Error", lambda obj, now: _health(obj).get("error", "")),
)
