"""storage.k8s.io: classes of volumes, drivers and attachments."""

from kcompat.registry.columns import storage
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "storage.k8s.io"

RESOURCES = (
    Resource(
        "csidrivers", kind="CSIDriver", group=GROUP,
        columns=storage.CSI_DRIVER, rules=later("csi.CSIDriverRules"),
        returns_deleted=True,
    ),
    Resource("csinodes", kind="CSINode", rules=later("csi.CSINodeRules"), returns_deleted=True, columns=storage.CSI_NODE, group=GROUP),
    Resource(
        "csistoragecapacities", kind="CSIStorageCapacity", group=GROUP,
        rules=later("csi.CSIStorageCapacityRules"),
    ),
    Resource(
        "storageclasses", kind="StorageClass", group=GROUP,
        columns=storage.STORAGE_CLASS, rules=later("storage_class.StorageClassRules"),
        returns_deleted=True,
    ),
    Resource(
        "volumeattachments", kind="VolumeAttachment", group=GROUP,
        columns=storage.VOLUME_ATTACHMENT, rules=later("volume_attachment.VolumeAttachmentRules"),
        returns_deleted=True,
    ),
    Resource(
        "volumeattributesclasses", kind="VolumeAttributesClass", rules=later("storage_class.VolumeAttributesClassRules"), group=GROUP,
        columns=storage.VOLUME_ATTRIBUTES_CLASS,
        returns_deleted=True,
    ),
)
