"""storage.k8s.io: classes of volumes, drivers and attachments."""

from kcompat.registry.columns import storage
from kcompat.registry.declare import Resource

GROUP = "storage.k8s.io"

RESOURCES = (
    Resource("csidrivers", kind="CSIDriver", columns=storage.CSI_DRIVER, group=GROUP),
    Resource("csinodes", kind="CSINode", columns=storage.CSI_NODE, group=GROUP),
    Resource("csistoragecapacities", kind="CSIStorageCapacity", columns=storage.CSI_STORAGE_CAPACITY, group=GROUP),
    Resource("storageclasses", kind="StorageClass", columns=storage.STORAGE_CLASS, group=GROUP),
    Resource("volumeattachments", kind="VolumeAttachment", columns=storage.VOLUME_ATTACHMENT, group=GROUP),
    Resource("volumeattributesclasses", kind="VolumeAttributesClass", columns=storage.VOLUME_ATTRIBUTES_CLASS, group=GROUP),
)
