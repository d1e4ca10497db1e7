"""Cases for Jobs; see ../record_pods.py."""

RESOURCE = ("batch", "v1", "jobs")
KIND = "Job"
TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "spec": {"template": TEMPLATE}}

POD, C = "spec/template/spec/", "spec/template/spec/containers/0/"
INDEXED = {"spec/completionMode": "Indexed", "spec/completions": 3, "spec/parallelism": 3}
SUSPENDED = {"spec/suspend": True}
TIME, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def conditions(*kinds: str) -> list[dict[str, str]]:
    """Conditions that are True, or not if there is a `!` in front."""
    return [
        {"type": kind.lstrip("!"), "status": "False" if kind.startswith("!") else "True", "lastProbeTime": TIME, "lastTransitionTime": TIME}
        for kind in kinds
    ]


def failure(*rules: object) -> dict[str, object]:
    return {"spec/podFailurePolicy": {"rules": list(rules)}}


def codes(operator: str | None, *values: int, container: str | None = None, action: str = "FailJob") -> dict[str, object]:
    return {"action": action, "onExitCodes": {"operator": operator, "values": list(values), **({"containerName": container} if container else {})}}


def success(*rules: object, **more: object) -> dict[str, object]:
    return {**INDEXED, "spec/successPolicy": {"rules": list(rules)}, **more}


COMPLETE = {"status": {"conditions": conditions("SuccessCriteriaMet", "Complete"), "startTime": TIME, "completionTime": LATER, "succeeded": 1}}
FAILED = {"status": {"conditions": conditions("FailureTarget", "Failed"), "startTime": TIME, "failed": 1}}

CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        **INDEXED, "spec/activeDeadlineSeconds": 5, "spec/backoffLimitPerIndex": 2, "spec/maxFailedIndexes": 2, "spec/suspend": True,
        "spec/ttlSecondsAfterFinished": 0, "spec/managedBy": "example.com/thing", "spec/template/metadata/labels": {"a": "b"},
        C + "resources": {"limits": {"cpu": "1"}}, C + "livenessProbe": {"httpGet": {"port": 80}}, POD + "hostNetwork": True,
        C + "ports": [{"containerPort": 80}]}),
    ("parallelism", "create", {"spec/parallelism": 3}),
    ("completions", "create", {"spec/completions": 3}),
    ("labels", "create", {"metadata/labels": {"own": "label"}, "spec/template/metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}}),
    ("labels of pods", "create", {"spec/template/metadata/labels": {"a": "b"}}),
    ("status is not for creators", "create", {"status": {"active": 7}, "metadata/generation": 9}),
    ("scheduling is dropped", "create", {"spec/scheduling": {}}),
    ("manual selector", "create", {
        "spec/manualSelector": True, "spec/selector": {"matchLabels": {"a": "b"}}, "spec/template/metadata/labels": {"a": "b", "c": "d"}}),
    ("manual selector missing", "create", {"spec/manualSelector": True}),
    ("manual selector mismatch", "create", {
        "spec/manualSelector": True, "spec/selector": {"matchLabels": {"a": "b"}}, "spec/template/metadata/labels": {"c": "d"}}),
    ("manual selector bad", "create", {
        "spec/manualSelector": True, "spec/selector": {"matchLabels": {"not valid": "b"}}, "spec/template/metadata/labels": {"c": "d"}}),
    ("own selector", "create", {"spec/selector": {"matchLabels": {"a": "b"}}, "spec/template/metadata/labels": {"a": "b"}}),
    ("own generated labels", "create", {"spec/template/metadata/labels": {"job-name": "other"}}),
    ("expression in selector", "create", {"spec/selector": {"matchExpressions": [{"key": "job-name", "operator": "Exists"}]}}),
    ("bad expression in selector", "create", {"spec/selector": {"matchExpressions": [{"key": "job-name", "operator": "Is"}]}}),
    ("empty", "create", {"spec": None}),
    ("no template", "create", {"spec/template": None}),
    ("negative numbers", "create", {"spec/" + name: -1 for name in (
        "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex",
        "maxFailedIndexes")}),
    ("restart policy", "create", {POD + "restartPolicy": None}),
    ("restart policy always", "create", {POD + "restartPolicy": "Always"}),
    ("restart policy unknown", "create", {POD + "restartPolicy": "Sometimes"}),
    ("on failure", "create", {POD + "restartPolicy": "OnFailure"}),
    ("template", "create", {C + "name": "Not_Valid", C + "image": "", POD + "volumes": [{"name": "v", "hostPath": {}}]}),
    ("template warnings", "create", {POD + "nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
    ("name too long", "create", {"metadata/name": "a" * 64}),
    ("name with dots", "create", {"metadata/name": "a.b"}),
    ("indexed", "create", INDEXED),
    ("indexed name with dots", "create", {**INDEXED, "metadata/name": "a.b"}),
    ("indexed long name", "create", {**INDEXED, "metadata/name": "a" * 62}),
    ("indexed without completions", "create", {"spec/completionMode": "Indexed"}),
    ("indexed huge", "create", {"spec/completionMode": "Indexed", "spec/completions": 200000, "spec/parallelism": 100001}),
    ("indexed many", "create", {"spec/completionMode": "Indexed", "spec/completions": 100001, "spec/parallelism": 10001}),
    ("indexed many with limit", "create", {
        "spec/completionMode": "Indexed", "spec/completions": 100001, "spec/parallelism": 10001, "spec/backoffLimitPerIndex": 1}),
    ("indexed many with failures", "create", {
        "spec/completionMode": "Indexed", "spec/completions": 100001, "spec/parallelism": 1, "spec/backoffLimitPerIndex": 1,
        "spec/maxFailedIndexes": 10001}),
    ("indexed failed more than completions", "create", {**INDEXED, "spec/backoffLimitPerIndex": 1, "spec/maxFailedIndexes": 4}),
    ("indexed failed without limit", "create", {**INDEXED, "spec/maxFailedIndexes": 1}),
    ("mode unknown", "create", {"spec/completionMode": "Other"}),
    ("not indexed with limits", "create", {"spec/backoffLimitPerIndex": 1, "spec/maxFailedIndexes": 1}),
    ("managed by", "create", {"spec/managedBy": "kubernetes.io/job-controller"}),
    ("managed by nothing", "create", {"spec/managedBy": ""}),
    ("managed by no path", "create", {"spec/managedBy": "example.com"}),
    ("managed by bad domain", "create", {"spec/managedBy": "Example_com/a b"}),
    ("managed by long", "create", {"spec/managedBy": "example.com/" + "a" * 60}),
    ("replacement failed", "create", {"spec/podReplacementPolicy": "Failed"}),
    ("replacement unknown", "create", {"spec/podReplacementPolicy": "Never"}),
    ("failure", "create", failure(codes("In", 1, 2), codes("NotIn", 0, container="c", action="Ignore"), {
        "action": "Count", "onPodConditions": [{"type": "DisruptionTarget"}, {"type": "Other", "status": "False"}]})),
    ("failure empty", "create", failure()),
    ("failure rule empty", "create", failure({})),
    ("failure without rules", "create", {"spec/podFailurePolicy": {}}),
    ("failure action", "create", failure(codes("In", 1, action="Nothing"), codes("In", 1, action="FailIndex"))),
    ("failure fail index", "create", {**INDEXED, "spec/backoffLimitPerIndex": 1, **failure(codes("In", 1, action="FailIndex"))}),
    ("failure both", "create", failure({**codes("In", 1), "onPodConditions": [{"type": "A"}]})),
    ("failure operator", "create", failure(codes("Is", 1), codes("", 1), codes(None, 1))),
    ("failure values", "create", failure({"action": "Ignore", "onExitCodes": {"operator": "In"}}, codes("In", 0, 1), codes("In", 2, 1), codes("NotIn", 1, 1), codes("In", *range(1, 258)))),
    ("failure container", "create", failure(codes("In", 1, container="other"), {
        "action": "Ignore", "onExitCodes": {"operator": "In", "values": [1], "containerName": ""}})),
    ("failure conditions", "create", failure({"action": "Ignore", "onPodConditions": [
        {"type": "", "status": "Maybe"}, {"type": "not valid"}, {"type": "Fine", "status": "Unknown"}]})),
    ("failure many", "create", failure(*[codes("In", 1)] * 21)),
    ("failure many conditions", "create", failure({"action": "Ignore", "onPodConditions": [{"type": "A"}] * 21})),
    ("failure restart policy", "create", {**failure(codes("In", 1)), POD + "restartPolicy": "OnFailure"}),
    ("failure replacement", "create", {**failure(codes("In", 1)), "spec/podReplacementPolicy": "TerminatingOrFailed"}),
    ("success", "create", success({"succeededIndexes": "0-1", "succeededCount": 2})),
    ("success count", "create", success({"succeededCount": 3})),
    ("success not indexed", "create", {"spec/successPolicy": {"rules": [{"succeededCount": 1}]}}),
    ("success no rules", "create", success()),
    ("success rule empty", "create", success({})),
    ("success counts", "create", success({"succeededCount": -1}, {"succeededCount": 4}, {"succeededCount": 3, "succeededIndexes": "0,2"})),
    ("success indexes", "create", success(*({"succeededIndexes": text} for text in ("", "3", "2,1", "0-1-2", "a", "1-0", "1,1", "0-", " 1", "+1", "-1")))),
    ("success many", "create", success(*[{"succeededCount": 1}] * 21)),
    ("update nothing", "update", {}),
    ("update parallelism", "update", {"spec/parallelism": 5, "spec/activeDeadlineSeconds": 9, "spec/backoffLimit": 1, "spec/ttlSecondsAfterFinished": 4}),
    ("update suspend", "update", SUSPENDED),
    ("update resume", "update", {"spec/suspend": False}, SUSPENDED),
    ("update labels", "update", {"metadata/labels": {"a": "b"}}),
    ("update completions", "update", {"spec/completions": 5}),
    ("update indexed completions", "update", {"spec/completions": 5}, INDEXED),
    ("update indexed both", "update", {"spec/completions": 5, "spec/parallelism": 5}, INDEXED),
    ("update mode", "update", {"spec/completionMode": "NonIndexed"}, INDEXED),
    ("update selector", "update", {"spec/selector": {"matchLabels": {"c": "d"}}}, {
        "spec/manualSelector": True, "spec/selector": {"matchLabels": {"a": "b"}}, "spec/template/metadata/labels": {"a": "b", "c": "d"}}),
    ("update template", "update", {C + "image": "nginx:2"}),
    ("update template labels", "update", {"spec/template/metadata/labels/x": "y"}),
    ("update limits per index", "update", {"spec/backoffLimitPerIndex": 3, "spec/maxFailedIndexes": 3}, {
        **INDEXED, "spec/backoffLimitPerIndex": 1, "spec/maxFailedIndexes": 1}),
    ("update manager", "update", {"spec/managedBy": "example.com/b"}, {"spec/managedBy": "example.com/a"}),
    ("update failure policy", "update", failure(codes("In", 2)), failure(codes("In", 1, container="c"))),
    ("update failure policy gone", "update", {"spec/podFailurePolicy": None}, failure(codes("In", 1))),
    ("update success policy", "update", {"spec/successPolicy": {"rules": [{"succeededCount": 2}]}}, success({"succeededCount": 1})),
    ("update replacement", "update", {"spec/podReplacementPolicy": "Failed"}),
    ("update suspended scheduling", "update", {
        POD + "nodeSelector": {"a": "b"}, POD + "tolerations": [{"operator": "Exists"}], POD + "schedulingGates": [{"name": "a.b/c"}],
        "spec/template/metadata/labels/x": "y", "spec/template/metadata/annotations": {"c": "d"},
        POD + "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}}}, SUSPENDED),
    ("update suspended resources", "update", {C + "resources": {"limits": {"cpu": "1"}}}, SUSPENDED),
    ("update suspended image", "update", {C + "image": "nginx:2"}, SUSPENDED),
    ("update suspended pod affinity", "update", {POD + "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "a", "labelSelector": {}}]}}}, SUSPENDED),
    ("update suspended and started", "update", {POD + "nodeSelector": {"a": "b"}}, {**SUSPENDED, "status/startTime": TIME}),
    ("update suspended after pods", "update", {POD + "nodeSelector": {"a": "b"}}, {
        **SUSPENDED, "status": {"startTime": TIME, "conditions": conditions("Suspended")}}),
    ("update suspended with pods", "update", {POD + "nodeSelector": {"a": "b"}}, {**SUSPENDED, "status/active": 1}),
    ("update resumed with template", "update", {"spec/suspend": False, POD + "nodeSelector": {"a": "b"}, C + "resources": {"limits": {"cpu": "1"}}}, SUSPENDED),
    ("update bad", "update", {"spec/parallelism": -1, "spec/backoffLimit": -1}),
    ("status", "status", {"status": {"active": 1, "ready": 1, "startTime": TIME, "terminating": 0, "uncountedTerminatedPods": {"failed": ["a"]}},
                          "spec/parallelism": 9, "metadata/labels": {"a": "b"}, "metadata/annotations": {"c": "d"}}),
    ("status negative", "status", {"status": {"active": -1, "ready": -1, "succeeded": -1, "failed": -1, "terminating": -1}}),
    ("status uncounted", "status", {"status": {"uncountedTerminatedPods": {"succeeded": ["a", "a", ""], "failed": ["b", "a"]}}}),
    ("status complete", "status", COMPLETE),
    ("status failed", "status", FAILED),
    ("status bare complete", "status", {"status": {"conditions": conditions("Complete"), "active": 1}}),
    ("status bare failed", "status", {"status": {"conditions": conditions("Failed"), "completionTime": TIME, "terminating": 1}}),
    ("status both", "status", {"status": {"conditions": conditions("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"), "startTime": TIME,
                                          "completionTime": LATER}}),
    ("status times", "status", {"status": {**COMPLETE["status"], "startTime": LATER, "completionTime": TIME}}),
    ("status uncounted when finished", "status", {"status": {**COMPLETE["status"], "uncountedTerminatedPods": {"failed": ["a"]}}}),
    ("status finished again", "status", {"status": {"startTime": TIME, "succeeded": 1}}, COMPLETE),
    ("status failed again", "status", {"status": {"startTime": TIME, "failed": 0}}, FAILED),
    ("status late criteria", "status", {"status/completionTime": TIME, "status/startTime": LATER}, COMPLETE),
    ("status counters", "status", {"status/succeeded": 1, "status/failed": 1}, {"status": {"succeeded": 2, "failed": 2, "startTime": TIME}}),
    ("status counters of elastic", "status", {"status/succeeded": 1}, {**INDEXED, "status/succeeded": 2}),
    ("status start again", "status", {"status/startTime": LATER}, {"status/startTime": TIME}),
    ("status start suspended", "status", {"status/startTime": None}, {**SUSPENDED, "status/startTime": TIME}),
    ("status start resumed", "status", {"status": {"startTime": LATER, "conditions": conditions("!Suspended")}}, {
        "status": {"startTime": TIME, "conditions": conditions("Suspended")}}),
    ("status ready", "status", {"status": {"active": 1, "ready": 2}}),
    ("status indexes", "status", {"status": {"completedIndexes": "0-1", "failedIndexes": "2"}}, {**INDEXED, "spec/backoffLimitPerIndex": 1}),
    ("status indexes wrong", "status", {"status": {"completedIndexes": "1-0", "failedIndexes": "7"}}, {**INDEXED, "spec/backoffLimitPerIndex": 1}),
    ("status indexes overlap", "status", {"status": {"completedIndexes": "0-1", "failedIndexes": "1-2"}}, {**INDEXED, "spec/backoffLimitPerIndex": 1}),
    ("status indexes of other", "status", {"status": {"completedIndexes": "0", "failedIndexes": "0"}}),
    ("status success policy", "status", {"status": {"conditions": conditions("Complete"), "startTime": TIME, "completionTime": LATER}}, success({"succeededCount": 1})),
    ("status conditions of unknown kind", "status", {"status": {"conditions": conditions("Other")}}),
    ("table", "table", {"status": {"active": 1, "startTime": TIME}}),
    ("table complete", "table", COMPLETE),
    ("table failed", "table", FAILED),
    ("table criteria", "table", {"status": {"conditions": conditions("SuccessCriteriaMet"), "startTime": TIME}}),
    ("table failing", "table", {"status": {"conditions": conditions("FailureTarget"), "startTime": TIME}}),
    ("table suspended", "table", {"status": {"conditions": conditions("Suspended")}}, SUSPENDED),
    ("table parallel", "table", {}, {"spec/parallelism": 3}),
    ("table of one", "table", {}, {"spec/parallelism": 1}),
    ("table zero", "table", {"status": {"succeeded": 0}}, {"spec/parallelism": 0, "spec/completions": 0}),
]
