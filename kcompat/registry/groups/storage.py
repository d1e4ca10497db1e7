"""storage.k8s.io: classes of volumes, drivers and attachments."""

from kcompat.registry.columns import storage
from kcompat.registry.declare import Resource
from kcompat.registry.rules.csi import CSIDriverRules, CSINodeRules, CSIStorageCapacityRules
from kcompat.registry.rules.storage_class import StorageClassRules, VolumeAttributesClassRules
from kcompat.registry.rules.volume_attachment import VolumeAttachmentRules

GROUP = "storage.k8s.io"

RESOURCES = (
    Resource("csidrivers", kind="CSIDriver", rules=CSIDriverRules(), returns_deleted=True, columns=storage.CSI_DRIVER, group=GROUP),
    Resource("csinodes", kind="CSINode", rules=CSINodeRules(), returns_deleted=True, columns=storage.CSI_NODE, group=GROUP),
    Resource(
        "csistoragecapacities", kind="CSIStorageCapacity", group=GROUP,
        rules=CSIStorageCapacityRules(),
    ),
    Resource(
        "storageclasses", kind="StorageClass", group=GROUP,
        columns=storage.STORAGE_CLASS, rules=StorageClassRules(),
        returns_deleted=True,
    ),
    Resource(
        "volumeattachments", kind="VolumeAttachment", group=GROUP,
        columns=storage.VOLUME_ATTACHMENT, rules=VolumeAttachmentRules(),
        returns_deleted=True,
    ),
    Resource(
        "volumeattributesclasses", kind="VolumeAttributesClass", rules=VolumeAttributesClassRules(), group=GROUP,
        columns=storage.VOLUME_ATTRIBUTES_CLASS,
        returns_deleted=True,
    ),
)
