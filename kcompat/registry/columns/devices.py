"""Table columns of resource.k8s.io, node.k8s.io, coordination.k8s.io and storagemigration.k8s.io. Called by those groups' files."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta
from kcompat.registry.columns.cells import AGE, NAME, age_of, path
from kcompat.registry.declare import Cell, Column, Tree


def _claim_state(obj: Tree, now: datetime) -> Cell:
    """resourceClaimState."""
    deleted, allocated = meta.is_being_deleted(obj), meta.get(obj, ("status", "allocation")) is not None
    states = ["deleted"] if deleted else []
    if allocated:
        states += ["allocated", "reserved"] if meta.get(obj, ("status", "reservedFor")) else ["allocated"]
    elif not deleted:
        states.append("pending")
    return ",".join(states)


DEVICE_CLASS: Final = (NAME, AGE)
RESOURCE_CLAIM: Final = (NAME, Column("State", _claim_state), AGE)
RESOURCE_CLAIM_TEMPLATE: Final = (NAME, AGE)
RESOURCE_SLICE: Final = (
    NAME, Column("Node", path(".spec.nodeName")), Column("Driver", path(".spec.driver")), Column("Pool", path(".spec.pool.name")), AGE,
)
DEVICE_TAINT_RULE: Final = (
    NAME, Column("Key", path(".spec.taint.key")), Column("Value", path(".spec.taint.value")), Column("Effect", path(".spec.taint.effect")),
    Column("TimeAdded", age_of(".spec.taint.timeAdded", "")), AGE,
)
RUNTIME_CLASS: Final = (NAME, Column("Handler", path("handler")), AGE)
LEASE: Final = (NAME, Column("Holder", path(".spec.holderIdentity")), AGE)


def _migrated(obj: Tree, now: datetime) -> Cell:
    resource = meta.get(obj, ("spec", "resource"), {})
    name, group = resource.get("resource", ""), resource.get("group")
    return f"{name}.{group}" if group else name


def _migration(obj: Tree, now: datetime) -> Cell:
    conditions = (condition for condition in meta.conditions(obj) if condition.get("status") == "True")
    known = [condition["type"] for condition in conditions if condition.get("type") in ("Running", "Failed", "Succeeded")]
    return known[-1] if known else "Unknown"


STORAGE_VERSION_MIGRATION: Final = (Column("Name", path(".metadata.name")), Column("Resource", _migrated), Column("Status", _migration))
