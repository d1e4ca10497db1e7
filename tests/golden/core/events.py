"""Cases for Events in the core group; see ../record.py."""

RESOURCE = ("", "v1", "events")
KIND = "Event"
BASE = {"metadata": {"name": "base"}, "involvedObject": {"kind": "Pod", "name": "x", "namespace": "golden"}, "reason": "Because", "message": " said ", "type": "Normal"}
NEW = {"eventTime": "2026-01-01T00:00:00.123456Z", "reportingComponent": "example.com/x", "reportingInstance": "y", "action": "Doing"}
CASES = [
    ("minimal", "create", {"involvedObject": {"namespace": "golden"}, "reason": None, "message": None, "type": None}),
    ("full", "create", NEW | {
        "source": {"component": "c", "host": "h"}, "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "count": 3,
        "series": {"count": 1, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}, "related": {"kind": "Node", "name": "n"},
    }),
    ("other namespace", "create", {"involvedObject/namespace": "default"}),
    ("no namespace", "create", {"involvedObject/namespace": None}),
    ("new without a namespace", "create", NEW | {"involvedObject/namespace": None}),
    ("new with too little", "create", {"eventTime": "2026-01-01T00:00:00.123456Z", "reason": None}),
    ("new with too much", "create", NEW | {
        "reportingComponent": "not valid", "reportingInstance": "x" * 129, "action": "x" * 129, "reason": "x" * 129, "message": "x" * 1025,
    }),
    ("other type", "create", {"type": "Other"}),
    ("update", "update", {"count": 5, "message": "other", "type": "Warning"}),
    ("bad update", "update", {"involvedObject/namespace": "default"}),
    ("table", "table", {}),
    ("table of a series", "table", {}, NEW | {"series": {"count": 7, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}),
    ("table of an old one", "table", {}, {
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-02T00:00:00Z", "count": 3, "source": {"component": "c", "host": "h"}, "involvedObject/fieldPath": "spec",
    }),
    ("table of a new one", "table", {}, NEW | {"involvedObject/name": None}),
]
