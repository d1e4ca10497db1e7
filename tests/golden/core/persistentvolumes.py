"""Cases for PersistentVolumes; see ../record.py."""

RESOURCE = ("", "v1", "persistentvolumes")
KIND = "PersistentVolume"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}}
CSI = {"driver": "example.com", "volumeHandle": "x"}
NODE = {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n"]}]}]}}
SECRET = {"name": "A_b"}


def source(**sources: object) -> dict[str, object]:
    return {"spec/hostPath": None} | {f"spec/{name}": value for name, value in sources.items()}


CASES = [
    ("minimal", "create", {}),
    ("full", "create", source(csi=CSI | {"fsType": "ext4", "nodePublishSecretRef": {"name": "a", "namespace": "b"}}) | {
        "spec/accessModes": ["ReadWriteMany", "ReadOnlyMany"], "spec/persistentVolumeReclaimPolicy": "Delete", "spec/storageClassName": "a", "spec/mountOptions": ["ro"],
        "spec/volumeMode": "Block", "spec/nodeAffinity": NODE, "spec/volumeAttributesClassName": "b", "spec/claimRef": {"namespace": "a", "name": "b"},
        "spec/capacity/storage": "1000m", "status/phase": "Bound", "status/reason": "x",
    }),
    ("nothing", "create", {"spec": None}),
    ("bad spec", "create", {
        "spec/accessModes": ["Other", "ReadWriteOncePod", "ReadWriteOnce"], "spec/capacity": {"storage": "0", "cpu": "-1"}, "spec/persistentVolumeReclaimPolicy": "Other",
        "spec/storageClassName": "A_b", "spec/volumeMode": "Other", "spec/nodeAffinity": {}, "spec/volumeAttributesClassName": "",
    }),
    ("two sources", "create", {"spec/nfs": {"server": "a", "path": "/b"}, "spec/cephfs": {"monitors": ["a"]}}),
    ("bad affinity", "create", {"spec/nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "not valid", "operator": "In"}]}]}}}),
    ("recycling the root", "create", {"spec/hostPath/path": "/", "spec/persistentVolumeReclaimPolicy": "Recycle"}),
    ("bad host path", "create", {"spec/hostPath": {"path": "/a/../b", "type": "Other"}}),
    ("local", "create", source(local={"path": "/a/../b"})),
    ("local with affinity", "create", source(local={"path": "/a"}) | {"spec/nodeAffinity": NODE}),
    ("bad CSI", "create", source(csi={"driver": "A_b", "controllerPublishSecretRef": SECRET, "controllerExpandSecretRef": {}, "nodeExpandSecretRef": SECRET | {"namespace": "A_b"}})),
    ("NFS", "create", source(nfs={"server": "", "path": "x"})),
    ("ISCSI", "create", source(iscsi={"targetPortal": "1.2.3.4:3260", "iqn": "iqn.2001-04.com.example:storage", "lun": 1})),
    ("bad ISCSI", "create", source(iscsi={"targetPortal": "x" * 60, "iqn": "bad", "lun": 256, "chapAuthSession": True, "initiatorName": "iqn.2001-04.com.example:storage"})),
    ("RBD", "create", source(rbd={"monitors": ["a"], "image": "b"})),
    ("bad RBD", "create", source(rbd={"monitors": None, "image": ""})),
    ("GCE", "create", source(gcePersistentDisk={"pdName": "", "partition": 256})),
    ("AWS", "create", source(awsElasticBlockStore={"volumeID": ""})),
    ("Glusterfs", "create", source(glusterfs={"endpoints": "", "path": "", "endpointsNamespace": ""})),
    ("Cinder", "create", source(cinder={"volumeID": "", "secretRef": {}})),
    ("Azure disk", "create", source(azureDisk={"diskName": "a", "diskURI": "https://x"})),
    ("bad Azure disk", "create", source(azureDisk={"diskName": "", "diskURI": "x", "kind": "Managed", "cachingMode": "x"})),
    ("Azure file", "create", source(azureFile={"secretName": "", "shareName": "", "secretNamespace": ""})),
    ("ScaleIO", "create", source(scaleIO={"gateway": "a", "system": "b", "volumeName": "c", "secretRef": {}})),
    ("StorageOS", "create", source(storageos={"volumeName": "A_b", "secretRef": {"name": "x"}})),
    ("Photon", "create", source(photonPersistentDisk={"pdID": ""})),
    ("FC", "create", source(fc={"targetWWNs": ["a"]})),
    ("flex", "create", source(flexVolume={"driver": "", "options": {"kubernetes.io/x": "y"}})),
    ("mount options by annotation", "create", {
        "metadata/annotations": {"volume.beta.kubernetes.io/mount-options": "ro", "volume.beta.kubernetes.io/storage-class": "x"}}),
    ("old annotations", "create", source(nfs={"server": "a", "path": "/b"}) | {
        "metadata/annotations": {"volume.beta.kubernetes.io/mount-options": "ro", "volume.beta.kubernetes.io/storage-class": "x"}}),
    ("attributes without CSI", "create", {"spec/volumeAttributesClassName": "a"}),
    ("update", "update", {"spec/capacity/storage": "2Gi", "spec/storageClassName": "a", "status/phase": "Bound"}),
    ("other source", "update", {"spec/hostPath/path": "/y"}),
    ("another source", "update", source(csi=CSI)),
    ("secret for expansion added", "update", {"spec/csi/controllerExpandSecretRef": {"name": "a", "namespace": "b"}}, source(csi=CSI)),
    ("other mode", "update", {"spec/volumeMode": "Block"}),
    ("affinity added", "update", {"spec/nodeAffinity": NODE}),
    ("affinity removed", "update", {"spec/nodeAffinity": None}, {"spec/nodeAffinity": NODE}),
    ("affinity changed", "update", {"spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0/values/0": "m"}, {"spec/nodeAffinity": NODE}),
    ("attributes removed", "update", {"spec/volumeAttributesClassName": None}, source(csi=CSI) | {"spec/volumeAttributesClassName": "a"}),
    ("status", "status", {"status/phase": "Pending", "status/message": "x", "spec/storageClassName": "y"}),
    ("status with a time", "status", {"status/phase": "Bound", "status/lastPhaseTransitionTime": "2026-01-01T00:00:00Z"}),
    ("table", "table", {}),
    ("table of a bound one", "table", {"status/phase": "Bound", "status/reason": "x"}, source(csi=CSI) | {
        "spec/claimRef": {"namespace": "a", "name": "b"}, "spec/accessModes": ["ReadWriteMany", "ReadWriteOnce"], "spec/storageClassName": "s", "spec/volumeAttributesClassName": "v",
    }),
]
