"""Cases for PriorityLevelConfigurations; see ../record.py."""

RESOURCE = ("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations")
KIND = "PriorityLevelConfiguration"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}}
QUEUE = {"type": "Queue", "queuing": {}}
CONDITION = {"type": "x", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "Found", "message": "m"}
CASES = [
    ("minimal", "create", {}),
    ("queues", "create", {"spec/limited/limitResponse": QUEUE}),
    ("full", "create", {
        "spec/limited": {
            "nominalConcurrencyShares": 0, "lendablePercent": 50, "borrowingLimitPercent": 10,
            "limitResponse": {"type": "Queue", "queuing": {"queues": 16, "handSize": 4, "queueLengthLimit": 5}},
        },
    }),
    ("empty", "create", {"spec": {}}),
    ("no type, members", "create", {"spec/type": None, "spec/exempt": {}}),
    ("other type", "create", {"spec/type": "x"}),
    ("nothing limited", "create", {"spec/limited": None}),
    ("both", "create", {"spec/exempt": {}}),
    ("exempt", "create", {"spec": {"type": "Exempt"}}),
    ("exempt and limited", "create", {"spec/type": "Exempt", "spec/exempt": {"nominalConcurrencyShares": -1, "lendablePercent": 101}}),
    ("no response", "create", {"spec/limited": {}}),
    ("other response", "create", {"spec/limited/limitResponse/type": "x"}),
    ("queue without queues", "create", {"spec/limited/limitResponse": {"type": "Queue"}}),
    ("reject with queues", "create", {"spec/limited/limitResponse/queuing": {}}),
    ("bad numbers", "create", {
        "spec/limited": {
            "nominalConcurrencyShares": -1, "lendablePercent": 101, "borrowingLimitPercent": -1,
            "limitResponse": {"type": "Queue", "queuing": {"queues": -1, "handSize": -1, "queueLengthLimit": -1}},
        },
    }),
    ("many queues", "create", {"spec/limited/limitResponse": {"type": "Queue", "queuing": {"queues": 10000001, "handSize": 3}}}),
    ("great hand", "create", {"spec/limited/limitResponse": {"type": "Queue", "queuing": {"queues": 4, "handSize": 5}}}),
    ("much entropy", "create", {"spec/limited/limitResponse": {"type": "Queue", "queuing": {"queues": 128, "handSize": 9}}}),
    ("annotation", "create", {"metadata/annotations": {"flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares": ""}}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "status/conditions": [CONDITION], "spec/limited/lendablePercent": 3}),
    ("status", "status", {"metadata/labels": {"a": "b"}, "spec/type": "x", "status/conditions": [CONDITION]}),
    ("bad status", "status", {"status/conditions": [CONDITION, CONDITION | {"status": "x"}, CONDITION | {"type": ""}]}),
    ("table", "table", {}),
    ("table with queues", "table", {}, {"spec/limited/limitResponse": QUEUE}),
]
