"""storagemigration.k8s.io: rewriting stored objects in a new version."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource
from kcompat.registry.rules.storage_version_migration import StorageVersionMigrationRules

GROUP = "storagemigration.k8s.io"

RESOURCES = (
    Resource(
        "storageversionmigrations", kind="StorageVersionMigration", rules=StorageVersionMigrationRules(), group=GROUP,
        columns=devices.STORAGE_VERSION_MIGRATION,
        storage_group=GROUP, storage_version="v1beta1",
    ),
)
