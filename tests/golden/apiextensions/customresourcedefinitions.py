"""Cases for CustomResourceDefinitions; see ../record.py."""

RESOURCE = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")
KIND = "CustomResourceDefinition"
NAMESPACED = False
SETTLES = True
PROPERTIES = "spec/versions/0/schema/openAPIV3Schema/properties/"
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}, "name": {"type": "string"}, "mode": {"type": "string"}}},
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
    },
}
VERSION = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
SECOND = VERSION | {"name": "v2", "storage": False}
OTHER = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
BASE = {
    "metadata": {"name": "widgets.golden.example.com"},
    "spec": {"group": "golden.example.com", "names": {"plural": "widgets", "kind": "Widget"}, "scope": "Namespaced", "versions": [VERSION]},
}
SERVICE = {"name": "s", "namespace": "n"}
COLUMN = {"name": "A", "type": "string", "jsonPath": ".spec.a"}


def spec(schema):
    """The schema of spec.a."""
    return {PROPERTIES + "spec/properties/a": schema}


def root(**members):
    return {"spec/versions/0/schema/openAPIV3Schema/" + name: value for name, value in members.items()}


def webhook(**members):
    return {"spec/conversion": {"strategy": "Webhook", "webhook": {"clientConfig": members, "conversionReviewVersions": ["v1"]}}}


def approved(text):
    return {
        "metadata/name": "widgets.x.k8s.io", "spec/group": "x.k8s.io",
        "metadata/annotations": {"api-approved.kubernetes.io": text} if text else {},
    }


CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/names": {"plural": "widgets", "kind": "Widget", "shortNames": ["w"], "categories": ["all"], "singular": "one", "listKind": "WidgetRow"},
        "spec/versions/0/additionalPrinterColumns": [COLUMN | {"format": "date", "priority": 1, "description": "d"}],
        "spec/versions/0/subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
        "spec/versions/0/selectableFields": [{"jsonPath": ".spec.name"}], "spec/scope": "Cluster",
        "spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": "old",
    }),
    ("webhook", "create", webhook(service=SERVICE)),
    ("webhook at a url", "create", webhook(url="https://example.com/x", caBundle="aGVsbG8=")),
    ("many kinds of schema", "create", spec({
        "type": "object", "required": ["list"], "properties": {
            "list": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string", "default": "x"}}}, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "any": {"x-kubernetes-preserve-unknown-fields": True}, "either": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "map": {"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-map-type": "atomic"},
            "one": {"type": "string", "oneOf": [{"pattern": "a"}, {"pattern": "b"}], "not": {"enum": ["c"]}, "enum": ["a", "b"], "format": "date"},
            "number": {"type": "number", "minimum": 1, "maximum": 2.5, "multipleOf": 0.5, "nullable": True, "format": "double"},
            "pod": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
        },
    })),
    ("two versions", "create", {"spec/versions/-": SECOND}),
    ("two versions, two schemas", "create", {"spec/versions/-": SECOND | {"schema": OTHER}}),
    ("empty", "create", {"spec": {}}),
    ("bad names", "create", {"spec/names": {"plural": "A_b", "kind": "1x", "shortNames": ["A"], "categories": ["B"], "singular": "C", "listKind": "1x"}}),
    ("bad group", "create", {"spec/group": "A_b"}),
    ("short group", "create", {"spec/group": "ab"}),
    ("bad scope", "create", {"spec/scope": "Other"}),
    ("no schema", "create", {"spec/versions/0/schema": None}),
    ("keeps unknown fields", "create", {"spec/preserveUnknownFields": True}),
    ("no storage", "create", {"spec/versions/0/storage": False}),
    ("twice stored", "create", {"spec/versions/-": SECOND | {"storage": True}}),
    ("same names", "create", {"spec/versions/-": VERSION | {"storage": False}}),
    ("bad version", "create", {"spec/versions/0/name": "V_1"}),
    ("not deprecated", "create", {"spec/versions/0/deprecationWarning": "old"}),
    ("empty warning", "create", {"spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": ""}),
    ("odd warning", "create", {"spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": "é\u0007" + "x" * 300}),
    ("bad columns", "create", {"spec/versions/0/additionalPrinterColumns": [{}, {"name": "a", "type": "x", "format": "y", "jsonPath": "z"}]}),
    ("bad columns of a version", "create", {"spec/versions/-": SECOND | {"additionalPrinterColumns": [{}]}}),
    ("bad scale", "create", {"spec/versions/0/subresources": {"scale": {"specReplicasPath": "", "statusReplicasPath": "x", "labelSelectorPath": ".a"}}}),
    ("bad scale paths", "create", {"spec/versions/0/subresources": {"scale": {"specReplicasPath": ".status.x", "statusReplicasPath": ".spec.x"}}}),
    ("selectable fields", "create", {"spec/versions/0/selectableFields": [
        {"jsonPath": ".spec.name"}, {"jsonPath": ".spec.name"}, {"jsonPath": ".metadata.name"}, {"jsonPath": "spec"}, {"jsonPath": ".spec.nope"},
        {"jsonPath": ".spec"}, {}, {"jsonPath": ".spec['name']"}, {"jsonPath": ".spec."},
    ]}),
    ("no conversion client", "create", {"spec/conversion": {"strategy": "Webhook"}}),
    ("odd conversion", "create", {"spec/conversion": {"strategy": "Other"}}),
    ("no strategy", "create", {"spec/conversion": {}}),
    ("useless webhook", "create", {"spec/conversion": {"strategy": "None", "webhook": {"clientConfig": {"url": "https://a"}, "conversionReviewVersions": ["v1"]}}}),
    ("both webhooks", "create", webhook(url="https://a", service=SERVICE)),
    ("no webhook", "create", webhook()),
    ("bad service", "create", webhook(service={"name": "", "namespace": "x", "path": "a//B/", "port": 0})),
    ("other bad service", "create", webhook(service={"name": "x", "namespace": "", "path": "//"})),
    ("bad url", "create", webhook(url="http://u:p@/x?a=b#c")),
    ("bad reviews", "create", {"spec/conversion": {"strategy": "Webhook", "webhook": {"clientConfig": {"service": SERVICE}, "conversionReviewVersions": ["v9", "v9", "V"]}}}),
    ("no approval", "create", approved("")),
    ("odd approval", "create", approved("yes")),
    ("approval", "create", approved("https://github.com/kubernetes/enhancements/pull/1")),
    ("unapproved", "create", approved("unapproved, for now")),
    ("root type", "create", root(type="string")),
    ("no root type", "create", root(type=None)),
    ("root and status", "create", root(nullable=True, maxProperties=3) | {"spec/versions/0/subresources": {"status": {}}}),
    ("root with additional properties", "create", root(additionalProperties={"type": "string"}, properties=None)),
    ("metadata", "create", root(**{"properties/metadata": {"type": "object", "properties": {"name": {"type": "string", "pattern": "a"}}}})),
    ("bad metadata", "create", root(**{"properties/metadata": {"type": "string", "description": "x"},
        "properties/kind": {"type": "object"}, "properties/apiVersion": {"type": "integer", "default": 1}})),
    ("types", "create", spec({"type": "object", "properties": {"x": {}, "y": {"type": "null"}, "z": {"type": "what"}, "l": {"type": "array"}, "m": {"type": "array", "items": {}}}})),
    ("not structural", "create", spec({"type": "string", "anyOf": [{
        "type": "string", "title": "x", "description": "d", "nullable": True, "default": "x", "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-embedded-resource": True, "x-kubernetes-int-or-string": True, "x-kubernetes-list-type": "set", "x-kubernetes-map-type": "atomic",
        "properties": {"metadata": {}, "q": {}}, "items": {}, "additionalProperties": {"type": "string"},
    }]})),
    ("incomplete", "create", spec({"type": "object", "properties": {"x": {"type": "string"}}, "allOf": [{"properties": {"x": {}, "y": {"properties": {"z": {}}}}, "items": {"enum": [1]}}]})),
    ("bad pattern", "create", spec({"type": "string", "pattern": "a)"})),
    ("look ahead", "create", spec({"type": "string", "pattern": "(?=a)"})),
    ("open pattern", "create", spec({"type": "string", "pattern": "(a[b"})),
    ("Go pattern", "create", spec({"type": "string", "pattern": "(?i)^\\pL+(?i:a)\\z"})),
    ("unsupported", "create", spec({"type": "object", "id": "x", "$ref": "y", "patternProperties": {"a": {"type": "string"}},
        "definitions": {"b": {"type": "string"}}, "dependencies": {"c": ["d"]}, "additionalItems": True})),
    ("unique items", "create", spec({"type": "array", "items": {"type": "string"}, "uniqueItems": True})),
    ("array of schemas", "create", spec({"type": "array", "items": [{"type": "string"}]})),
    ("properties of both kinds", "create", spec({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}})),
    ("unknown fields not kept", "create", spec({"type": "object", "x-kubernetes-preserve-unknown-fields": False})),
    ("int or string or more", "create", spec({"x-kubernetes-int-or-string": True, "x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-embedded-resource": True})),
    ("embedded", "create", spec({"type": "object", "x-kubernetes-embedded-resource": True, "additionalProperties": {"type": "string"}})),
    ("embedded in metadata", "create", spec({"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"metadata": {
        "type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}}})),
    ("bad list types", "create", spec({"type": "object", "x-kubernetes-list-type": "set", "x-kubernetes-map-type": "other"})),
    ("unknown list type", "create", spec({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "other", "x-kubernetes-list-map-keys": ["a"]})),
    ("map type of a string", "create", spec({"type": "string", "x-kubernetes-map-type": "atomic"})),
    ("sets of sets", "create", spec({"type": "array", "items": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}, "x-kubernetes-list-type": "set"})),
    ("set of objects", "create", spec({"type": "array", "items": {"type": "object", "nullable": True}, "x-kubernetes-list-type": "set"})),
    ("atomic set", "create", spec({"type": "array", "items": {"type": "object", "x-kubernetes-map-type": "atomic"}, "x-kubernetes-list-type": "set"})),
    ("map of nothing", "create", spec({"type": "array", "x-kubernetes-list-type": "map"})),
    ("map of strings", "create", spec({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]})),
    ("bad keys", "create", spec({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b", "c"], "items": {
        "type": "object", "properties": {"a": {"type": "string", "nullable": True}, "b": {"type": "object"}}}})),
    ("twice the same key", "create", spec({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "a"], "items": {
        "type": "object", "properties": {"a": {"type": "string", "default": "x"}}}})),
    ("keys without map", "create", spec({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-map-keys": ["a"]})),
    ("bad rules", "create", spec({"type": "object", "properties": {"x": {"type": "string"}}, "x-kubernetes-validations": [
        {"rule": " "}, {"rule": "true", "message": " "}, {"rule": "true", "message": "a\nb"}, {"rule": "a\nb"}, {"rule": "true", "messageExpression": " "},
        {"rule": "true", "reason": "Why"}, {"rule": "true", "fieldPath": " "}, {"rule": "true", "fieldPath": ".y"}, {"rule": "true", "fieldPath": ".x\n"},
        {"rule": "true", "fieldPath": ".x", "reason": "FieldValueInvalid"},
    ]})),
    ("good rules", "create", spec({"type": "object", "properties": {"x": {"type": "string"}}, "x-kubernetes-validations": [
        {"rule": "size(self.x) < 5", "fieldPath": ".x", "message": "m", "reason": "FieldValueInvalid", "optionalOldSelf": None},
    ]})),
    ("warnings", "create", spec({"type": "object", "properties": {"x": {"type": "string", "format": "odd"}, "y": {"type": "integer", "format": "int16"}}})),
    ("update", "update", {"metadata/labels": {"a": "b"}, PROPERTIES + "status/properties/x": {"type": "string"}}),
    ("update of the label", "update", {"metadata/labels": {"a": "b"}, "status/storedVersions": ["v7"]}),
    ("other storage", "update", {"spec/versions/0/storage": False, "spec/versions/-": SECOND | {"storage": True}}),
    ("removed version", "update", {"spec/versions": [SECOND | {"storage": True}]}),
    ("bad update", "update", {"spec/group": "other.example.com", "spec/names/plural": "others", "spec/names/kind": "Other", "spec/scope": "Cluster"}),
    ("warnings again", "update", {PROPERTIES + "spec/properties/b": {"type": "string", "format": "strange"}}, spec({"type": "string", "format": "odd"})),
    ("status", "status", {"metadata/labels": {"a": "b"}, "spec/scope": "Cluster", "status/storedVersions": ["v1", "v2"]}),
    ("bad status", "status", {"status/acceptedNames": {"plural": "A", "kind": "B"}}),
    ("table", "table", {}),
]
