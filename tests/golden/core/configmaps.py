"""Cases for ConfigMaps; see ../record.py."""

RESOURCE = ("", "v1", "configmaps")
KIND = "ConfigMap"
BASE = {"metadata": {"name": "base"}, "data": {"key": "value"}, "binaryData": {"bytes": "AAEC"}}
CASES = [
    ("minimal", "create", {"data": None, "binaryData": None}),
    ("full", "create", {"immutable": True, "metadata/labels": {"a": "b"}}),
    ("bad keys", "create", {"data/not valid": "x", "data/..": "x", "data/..a": "x", "binaryData/ä": "AA=="}),
    ("key too long", "create", {"data/" + "x" * 254: "x"}),
    ("key in both", "create", {"binaryData/key": "AAEC"}),
    ("bad name", "create", {"metadata/name": "Not_Valid"}),
    ("bad binary data", "create", {"binaryData/bytes": "!"}),
    ("update", "update", {"data/other": "x", "binaryData": None}),
    ("update of immutable", "update", {"data/other": "x", "binaryData": None}, {"immutable": True}),
    ("immutable no more", "update", {"immutable": None}, {"immutable": True}),
    ("immutable now", "update", {"immutable": True}),
    ("label of immutable", "update", {"metadata/labels": {"a": "b"}}, {"immutable": True}),
    ("bad update", "update", {"data/not valid": "x"}),
    ("bad metadata", "update", {"metadata/labels": {"not valid": "not valid"}, "metadata/finalizers": ["nope", "example.com/ok"]}),
    ("bad annotations", "create", {"metadata/annotations": {"not valid": "x"}, "metadata/ownerReferences": [{"kind": "Event", "apiVersion": "v1"}]}),
    ("no version", "update", {"metadata/resourceVersion": None}),
    ("table", "table", {}),
    ("table of nothing", "table", {}, {"data": None, "binaryData": None}),
]
