"""Cases for Events in events.k8s.io; see ../record.py."""

RESOURCE = ("events.k8s.io", "v1", "events")
KIND = "Event"
BASE = {
    "metadata": {"name": "base"}, "regarding": {"kind": "Pod", "name": "x", "namespace": "golden"}, "reason": "Because", "note": "said", "type": "Normal",
    "eventTime": "2026-01-01T00:00:00.123456Z", "reportingController": "example.com/x", "reportingInstance": "y", "action": "Doing",
}
CASES = [
    ("minimal", "create", {"note": None}),
    ("full", "create", {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}, "related": {"kind": "Node", "name": "n"}}),
    ("empty", "create", {
        "regarding": None, "reason": None, "note": None, "type": None, "eventTime": None, "reportingController": None, "reportingInstance": None, "action": None,
    }),
    ("deprecated fields", "create", {
        "deprecatedSource": {"component": "c"}, "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z", "deprecatedLastTimestamp": "2026-01-01T00:00:00Z", "deprecatedCount": 3,
    }),
    ("bad series", "create", {"series": {"count": 1}}),
    ("bad type", "create", {"type": "Other"}),
    ("too long", "create", {"note": "x" * 1025}),
    ("update", "update", {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}),
    ("bad series on update", "update", {"series": {"count": 1}}),
    ("immutable fields", "update", {
        "regarding/name": "y", "reason": "Other", "note": "other", "type": "Warning", "action": "Other", "reportingController": "example.com/y", "reportingInstance": "z",
        "eventTime": "2026-01-02T00:00:00.000000Z", "related": {"kind": "Node"}, "deprecatedSource": {"component": "c"}, "deprecatedCount": 2,
        "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z", "deprecatedLastTimestamp": "2026-01-01T00:00:00Z",
    }),
    ("table", "table", {}),
]
