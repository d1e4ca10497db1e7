"""Cases for ControllerRevisions; see ../record_pods.py."""

RESOURCE = ("apps", "v1", "controllerrevisions")
KIND = "ControllerRevision"
BASE = {"metadata": {"name": "base"}, "data": {"spec": {"a": 1}}, "revision": 3}
OWNER = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "u"}

CASES = [
    ("minimal", "create", {}),
    ("no data", "create", {"data": None}),
    ("data is no object", "create", {"data": [1]}),
    ("data is text", "create", {"data": "x"}),
    ("negative revision", "create", {"revision": -1}),
    ("bad name", "create", {"metadata/name": "A_"}),
    ("update", "update", {"revision": 4, "metadata/labels": {"a": "b"}}),
    ("update data", "update", {"data/spec/a": 2}),
    ("update revision", "update", {"revision": -2}),
    ("table", "table", {}),
    ("table of owned", "table", {}, {"metadata/ownerReferences": [OWNER, OWNER | {"name": "other", "uid": "v", "controller": True}]}),
    ("table of owned by core", "table", {}, {"metadata/ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "v", "controller": True}]}),
]
