"""Cases for PersistentVolumeClaims; see ../record.py."""

RESOURCE = ("", "v1", "persistentvolumeclaims")
KIND = "PersistentVolumeClaim"
BASE = {"metadata": {"name": "base"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
CLASS = "volume.beta.kubernetes.io~1storage-class"
OTHER = {"apiGroup": "example.com", "kind": "X", "name": "x"}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/selector": {"matchLabels": {"a": "b"}}, "spec/resources/limits": {"storage": "2Gi"}, "spec/volumeName": "v", "spec/storageClassName": "", "spec/volumeMode": "Block",
        "spec/dataSource": {"kind": "PersistentVolumeClaim", "name": "x"}, "spec/volumeAttributesClassName": "a", "status/phase": "Bound",
    }),
    ("snapshot", "create", {"spec/dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "x"}}),
    ("other source", "create", {"spec/dataSource": OTHER}),
    ("source reference", "create", {"spec/dataSourceRef": OTHER}),
    ("source reference in a namespace", "create", {"spec/dataSourceRef": OTHER | {"namespace": "n"}}),
    ("sources that differ", "create", {"spec/dataSourceRef": OTHER, "spec/dataSource": {"kind": "PersistentVolumeClaim", "name": "x"}}),
    ("bad source", "create", {"spec/dataSourceRef": {"kind": "X", "name": ""}}),
    ("bad source group", "create", {"spec/dataSourceRef": {"apiGroup": "A_b", "kind": "", "name": "x"}}),
    ("bad spec", "create", {
        "spec/accessModes": ["Other", "ReadWriteOncePod", "ReadWriteOnce"], "spec/resources/requests/storage": "0", "spec/storageClassName": "A_b", "spec/volumeMode": "Other",
        "spec/selector": {"matchLabels": {"not valid": "b"}}, "spec/volumeAttributesClassName": "A_b",
    }),
    ("nothing", "create", {"spec": None}),
    ("fraction", "create", {"spec/resources/requests/storage": "1500m", "spec/resources/limits": {"storage": "1.5"}}),
    ("class by annotation", "create", {f"metadata/annotations/{CLASS}": "x"}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "status/phase": "Bound"}),
    ("volume set", "update", {"spec/volumeName": "v"}),
    ("volume changed", "update", {"spec/volumeName": "w"}, {"spec/volumeName": "v"}),
    ("class set", "update", {"spec/storageClassName": "a"}),
    ("class changed", "update", {"spec/storageClassName": "b"}, {"spec/storageClassName": "a"}),
    ("class from annotation", "update", {"spec/storageClassName": "x"}, {f"metadata/annotations/{CLASS}": "x"}),
    ("class unlike annotation", "update", {"spec/storageClassName": "y"}, {f"metadata/annotations/{CLASS}": "x"}),
    ("annotation changed", "update", {f"metadata/annotations/{CLASS}": "y"}, {f"metadata/annotations/{CLASS}": "x"}),
    ("annotation removed", "update", {f"metadata/annotations/{CLASS}": None, "spec/storageClassName": "x"}, {f"metadata/annotations/{CLASS}": "x"}),
    ("grown while pending", "update", {"spec/resources/requests/storage": "2Gi"}),
    ("shrunk while pending", "update", {"spec/resources/requests/storage": "1Mi"}),
    ("mode changed", "update", {"spec/volumeMode": "Block"}),
    ("modes and selector changed", "update", {"spec/accessModes": ["ReadOnlyMany"], "spec/selector": {"matchLabels": {"a": "b"}}, "spec/dataSourceRef": OTHER}),
    ("attributes set", "update", {"spec/volumeAttributesClassName": "a"}),
    ("status", "status", {
        "status/phase": "Bound", "status/capacity": {"storage": "1Gi"}, "status/accessModes": ["ReadWriteOnce"], "spec/volumeName": "v", "status/allocatedResources": {"storage": "1Gi"},
        "status/allocatedResourceStatuses": {"storage": "NodeResizePending"}, "status/conditions": [{"type": "x", "status": "True"}], "status/healthStatus": {"healthConditions": []},
    }),
    ("bad status", "status", {
        "status/capacity": {"storage": "-1"}, "status/allocatedResources": {"cpu": "1", "example.com/x": "1", "storage": "-1"},
        "status/allocatedResourceStatuses": {"cpu": "x", "not valid": "NodeResizePending"},
    }),
    ("table", "table", {}),
    ("table of a bound one", "table", {"status/phase": "Bound", "status/capacity": {"storage": "2Gi"}, "status/accessModes": ["ReadWriteOnce", "ReadOnlyMany"]}, {
        "spec/volumeName": "v", "spec/storageClassName": "s", "spec/volumeAttributesClassName": "a",
    }),
]
