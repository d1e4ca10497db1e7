"""storage.k8s.io: classes of volumes, drivers and attachments."""

from kcompat.registry.declare import Resource

GROUP = "storage.k8s.io"

RESOURCES = (
    Resource("csidrivers", kind="CSIDriver", group=GROUP),
    Resource("csinodes", kind="CSINode", group=GROUP),
    Resource("csistoragecapacities", kind="CSIStorageCapacity", group=GROUP),
    Resource("storageclasses", kind="StorageClass", group=GROUP),
    Resource("volumeattachments", kind="VolumeAttachment", group=GROUP),
    Resource("volumeattributesclasses", kind="VolumeAttributesClass", group=GROUP),
)
