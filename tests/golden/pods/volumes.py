"""Cases for the volumes of Pods; see ../record_pods.py."""

RESOURCE = ("", "v1", "pods")
KIND = "Pod"
BASE = {"metadata": {"name": "base"}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}


def volume(**source: object) -> dict[str, object]:
    return {"spec/volumes": [{"name": "v", **source}]}


def projected(*sources: object, **more: object) -> dict[str, object]:
    return volume(projected={"sources": list(sources), **more}) | {"spec/serviceAccountName": "a"}


def claim(spec: object, **metadata: object) -> dict[str, object]:
    return volume(ephemeral={"volumeClaimTemplate": {"metadata": metadata, "spec": spec}})


GOOD_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
CERTIFICATE = {"signerName": "example.com/s", "keyType": "ED25519", "keyPath": "k"}

EVERY = {
    "emptyDir": {}, "hostPath": {}, "gitRepo": {}, "gcePersistentDisk": {}, "awsElasticBlockStore": {}, "secret": {}, "nfs": {}, "iscsi": {},
    "glusterfs": {}, "flocker": {}, "persistentVolumeClaim": {}, "rbd": {}, "cinder": {}, "cephfs": {}, "quobyte": {}, "downwardAPI": {},
    "fc": {}, "flexVolume": {}, "configMap": {}, "azureFile": {}, "vsphereVolume": {}, "photonPersistentDisk": {}, "portworxVolume": {},
    "azureDisk": {}, "storageos": {}, "projected": {}, "scaleIO": {}, "csi": {}, "ephemeral": {}, "image": {},
}

CASES = [
    *((f"empty {kind}", "create", volume(**{kind: source})) for kind, source in EVERY.items()),
    ("all at once", "create", volume(**EVERY)),
    ("nothing", "create", volume()),
    ("no name", "create", {"spec/volumes": [{"emptyDir": {}}]}),
    ("bad name", "create", {"spec/volumes": [{"name": "Not_Valid", "emptyDir": {}}]}),
    ("same name", "create", {"spec/volumes": [{"name": "a"}, {"name": "a"}]}),
    ("same name as a bad one", "create", {"spec/volumes": [{"name": "a", "hostPath": {}}, {"name": "a"}]}),
    ("empty dir limit", "create", volume(emptyDir={"sizeLimit": "-1", "medium": "Memory", "mode": 511})),
    ("empty dir", "create", volume(emptyDir={"sizeLimit": "1.5Gi", "medium": "HugePages-2Mi"})),
    ("host path", "create", volume(hostPath={"path": "/a/../b", "type": "Nonsense"})),
    ("host path good", "create", volume(hostPath={"path": "/a", "type": "DirectoryOrCreate"})),
    ("git repo", "create", volume(gitRepo={"repository": "a", "directory": "/a/.."})),
    ("gce partition", "create", volume(gcePersistentDisk={"pdName": "a", "partition": 256})),
    ("aws partition", "create", volume(awsElasticBlockStore={"volumeID": "a", "partition": -1})),
    ("secret", "create", volume(secret={"secretName": "s", "defaultMode": 512, "items": [{"key": "a", "path": "../x", "mode": 1000}, {}]})),
    ("secret paths", "create", volume(secret={"secretName": "s", "items": [{"key": "a", "path": "..x"}, {"key": "b", "path": "/x"}]})),
    ("secret user dropped", "create", volume(secret={"secretName": "s", "defaultUser": 7, "items": [{"key": "a", "path": "b", "user": 8}]})),
    ("config map", "create", volume(configMap={"name": "m", "defaultMode": -1, "items": [{"key": "", "path": ""}]})),
    ("config map overlap", "create", volume(configMap={"name": "m", "items": [{"key": "a", "path": "x"}, {"key": "b", "path": "x/y"}, {"key": "c", "path": "x"}]})),
    ("nfs", "create", volume(nfs={"server": "s", "path": "rel"})),
    ("iscsi", "create", volume(iscsi={"targetPortal": "a", "iqn": "iqn.2015-02.example.com:test", "lun": 256, "chapAuthSession": True})),
    ("iscsi names", "create", volume(iscsi={"targetPortal": "a", "iqn": "nope", "initiatorName": "iqn.nope"})),
    ("iscsi eui", "create", volume(iscsi={"targetPortal": "a", "iqn": "eui.0123", "initiatorName": "naa.0123"})),
    ("iscsi long", "create", volume(iscsi={"targetPortal": "a" * 70, "iqn": "naa." + "0" * 32, "initiatorName": "eui.0123456789abcdef"})),
    ("flocker", "create", volume(flocker={"datasetName": "a/b", "datasetUUID": "u"})),
    ("rbd", "create", volume(rbd={"monitors": ["a"], "image": "i", "secretRef": {}})),
    ("cinder", "create", volume(cinder={"volumeID": "a", "secretRef": {}})),
    ("quobyte", "create", volume(quobyte={"registry": "host,a:1,[::1]:2,x:y:z", "volume": "v"})),
    ("quobyte tenant", "create", volume(quobyte={"registry": "a:1", "volume": "v", "tenant": "t" * 65})),
    ("downward", "create", volume(downwardAPI={"defaultMode": 1000, "items": [
        {"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}}, {"path": "../b", "fieldRef": {"fieldPath": "status.podIP"}}, {"path": "c"},
        {"path": "d", "resourceFieldRef": {"resource": "limits.cpu"}, "mode": 512},
        {"path": "e", "resourceFieldRef": {"containerName": "c", "resource": "x"}, "fieldRef": {"fieldPath": "metadata.name"}}]})),
    ("downward overlap", "create", volume(downwardAPI={"items": [
        {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}, {"path": "a/b", "fieldRef": {"fieldPath": "metadata.uid"}}]})),
    ("fc", "create", volume(fc={"targetWWNs": ["a"], "wwids": ["b"]})),
    ("fc lun", "create", volume(fc={"targetWWNs": ["a"], "lun": 256})),
    ("flex", "create", volume(flexVolume={"driver": "d/e", "options": {"kubernetes.io/a": "1", "x.K8s.io/b": "2", "ok": "3"}})),
    ("azure disk", "create", volume(azureDisk={"diskName": "d", "diskURI": "u", "cachingMode": "Some", "kind": "None"})),
    ("azure disk managed", "create", volume(azureDisk={"diskName": "d", "diskURI": "https://x", "kind": "Managed"})),
    ("azure disk good", "create", volume(azureDisk={"diskName": "d", "diskURI": "https://x", "fsType": ""})),
    ("storageos", "create", volume(storageos={"volumeName": "V", "volumeNamespace": "N", "secretRef": {}})),
    ("csi", "create", volume(csi={"driver": "a" * 64, "nodePublishSecretRef": {"name": "B_"}})),
    ("csi secret", "create", volume(csi={"driver": "Example.com", "nodePublishSecretRef": {}})),
    ("image", "create", volume(image={"reference": "nginx:latest"})),
    ("image policy", "create", volume(image={"reference": "a", "pullPolicy": "Now"})),
    ("claim", "create", claim(GOOD_CLAIM, labels={"a": "b"})),
    ("claim empty", "create", claim({})),
    ("claim metadata", "create", claim(GOOD_CLAIM, name="x", labels={"not valid": "x"}, finalizers=["a/b"])),
    ("claim modes", "create", claim(GOOD_CLAIM | {"accessModes": ["ReadWriteOncePod", "ReadWriteOnce", "Bad"], "volumeMode": "Round"})),
    ("claim storage", "create", claim(GOOD_CLAIM | {"resources": {"requests": {"storage": "0"}}})),
    ("claim fraction", "create", claim(GOOD_CLAIM | {"resources": {"requests": {"storage": "1500m"}}})),
    ("claim class", "create", claim(GOOD_CLAIM | {"storageClassName": "A_", "volumeAttributesClassName": "B_", "selector": {
        "matchExpressions": [{"key": "a", "operator": "In"}]}})),
    ("claim sources", "create", claim(GOOD_CLAIM | {
        "dataSource": {"kind": "VolumeSnapshot", "name": "s", "apiGroup": "snap.io"}, "dataSourceRef": {"kind": "Other", "name": "", "apiGroup": "-"}})),
    ("claim default source", "create", claim(GOOD_CLAIM | {"dataSource": {"kind": "X", "name": "s"}})),
    ("claim name too long", "create", {"metadata/name": "a" * 250} | claim(GOOD_CLAIM)),
    ("claim referenced", "create", {"spec/volumes": [
        {"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": GOOD_CLAIM}}}, {"name": "w", "persistentVolumeClaim": {"claimName": "base-v"}}]}),
    ("projected full", "create", projected(
        {"secret": {"name": "s", "items": [{"key": "a", "path": "a"}]}}, {"configMap": {"name": "m"}},
        {"downwardAPI": {"items": [{"path": "b", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        {"serviceAccountToken": {"path": "token"}}, {"clusterTrustBundle": {"name": "b", "path": "c"}}, {"podCertificate": CERTIFICATE})),
    ("projected empty source", "create", projected({})),
    ("projected two in one", "create", projected({"secret": {}, "configMap": {}}, defaultMode=1000)),
    ("projected conflicts", "create", projected(
        {"secret": {"name": "s", "items": [{"key": "a", "path": "x"}]}}, {"configMap": {"name": "m", "items": [{"key": "a", "path": "x"}]}},
        {"downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "metadata.name"}}]}}, {"clusterTrustBundle": {"name": "b", "path": "x"}},
        {"podCertificate": CERTIFICATE | {"keyPath": "x"}})),
    ("projected overlaps", "create", projected(
        {"secret": {"name": "s", "items": [{"key": "a", "path": "x"}]}}, {"configMap": {"name": "m", "items": [{"key": "a", "path": "x/y"}]}},
        {"serviceAccountToken": {"path": "x"}})),
    ("token", "create", projected({"serviceAccountToken": {"path": "../x", "expirationSeconds": 599}}, {"serviceAccountToken": {"expirationSeconds": 2**33}})),
    ("token without account", "create", volume(projected={"sources": [{"serviceAccountToken": {"path": "t"}}]})),
    ("bundle", "create", projected({"clusterTrustBundle": {}}, {"clusterTrustBundle": {"name": "a", "signerName": "b", "path": "p"}})),
    ("bundle names", "create", projected(
        {"clusterTrustBundle": {"name": "", "path": "a"}}, {"clusterTrustBundle": {"name": "example.com:s:A", "path": "b", "labelSelector": {}}},
        {"clusterTrustBundle": {"name": "Bad", "path": "/c"}})),
    ("bundle signers", "create", projected(
        {"clusterTrustBundle": {"signerName": "", "path": "a"}}, {"clusterTrustBundle": {"signerName": "nope", "path": "b"}},
        {"clusterTrustBundle": {"signerName": "single/Path_", "path": "c"}}, {"clusterTrustBundle": {"signerName": "-a.b/c", "path": "d", "labelSelector": {
            "matchLabels": {"not valid": "x"}}}})),
    ("certificate", "create", projected({"podCertificate": {}}, {"podCertificate": CERTIFICATE | {"maxExpirationSeconds": 60, "keyType": "RSA1"}})),
    ("certificate expiration", "create", projected(
        {"podCertificate": CERTIFICATE | {"maxExpirationSeconds": 10**9}},
        {"podCertificate": CERTIFICATE | {"signerName": "kubernetes.io/x", "maxExpirationSeconds": 90000, "keyPath": "l"}})),
    ("certificate annotations", "create", projected({"podCertificate": CERTIFICATE | {"userAnnotations": {"plain": "x"}}},
        {"podCertificate": CERTIFICATE | {"userAnnotations": {"Not valid": "x"}, "keyPath": "l"}})),
]
