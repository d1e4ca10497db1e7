"""Cases for VolumeAttachments; see ../record.py."""

RESOURCE = ("storage.k8s.io", "v1", "volumeattachments")
KIND = "VolumeAttachment"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"attacher": "example.com", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}
CSI = {"csi": {"driver": "example.com", "volumeHandle": "x"}, "accessModes": ["ReadWriteOnce"]}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"status/attached": True, "status/attachmentMetadata": {"a": "b"}}),
    ("inline", "create", {"spec/source": {"inlineVolumeSpec": CSI}}),
    ("bad inline", "create", {"spec/source": {"inlineVolumeSpec": {
        "hostPath": {"path": "/"}, "capacity": {"storage": "1"}, "claimRef": {"name": "x"}, "persistentVolumeReclaimPolicy": "Recycle", "storageClassName": "s", "volumeMode": "Block",
        "nodeAffinity": {},
    }}}),
    ("nothing", "create", {"spec": None}),
    ("two sources", "create", {"spec/source/inlineVolumeSpec": CSI}),
    ("bad", "create", {"spec/attacher": "A_b" * 30, "spec/nodeName": "A_b", "spec/source/persistentVolumeName": "A_b"}),
    ("empty name", "create", {"spec/source/persistentVolumeName": ""}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "status/attached": True}),
    ("other spec", "update", {"spec/nodeName": "m"}),
    ("status", "status", {"status/attached": True, "status/attachError": {"time": "2026-01-01T00:00:00Z", "message": "x", "errorCode": 3}, "metadata/labels": {"a": "b"}, "spec/nodeName": "m"}),
    ("bad status", "status", {"status/detachError": {"message": "x" * 1025, "errorCode": -1}}),
    ("table", "table", {}),
    ("table of an attached one", "table", {"status/attached": True}, {"spec/source": {"inlineVolumeSpec": CSI}}),
]
