"""storage.k8s.io: classes of volumes, drivers and attachments."""

from kcompat.registry.columns import storage
from kcompat.registry.declare import Resource

GROUP = "storage.k8s.io"

RESOURCES = (
    Resource("csidrivers", kind="CSIDriver", returns_deleted=True, columns=storage.CSI_DRIVER, group=GROUP),
    Resource("csinodes", kind="CSINode", returns_deleted=True, columns=storage.CSI_NODE, group=GROUP),
    Resource("csistoragecapacities", kind="CSIStorageCapacity", columns=storage.CSI_STORAGE_CAPACITY, group=GROUP),
    Resource("storageclasses", kind="StorageClass", returns_deleted=True, columns=storage.STORAGE_CLASS, group=GROUP),
    Resource("volumeattachments", kind="VolumeAttachment", returns_deleted=True, columns=storage.VOLUME_ATTACHMENT, group=GROUP),
    Resource(
        "volumeattributesclasses", kind="VolumeAttributesClass", group=GROUP,
        columns=storage.VOLUME_ATTRIBUTES_CLASS,
        returns_deleted=True,
    ),
)
