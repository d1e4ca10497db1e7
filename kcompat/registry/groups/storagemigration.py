"""storagemigration.k8s.io: rewriting stored objects in a new version."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "storagemigration.k8s.io"

RESOURCES = (
    Resource(
        "storageversionmigrations", kind="StorageVersionMigration", group=GROUP,
        rules=later("storage_version_migration.StorageVersionMigrationRules"),
        columns=devices.STORAGE_VERSION_MIGRATION,
        storage_group=GROUP, storage_version="v1beta1",
    ),
)
