"""Cases for CronJobs; see ../record_pods.py."""

RESOURCE = ("batch", "v1", "cronjobs")
KIND = "CronJob"
TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}}}

JOB = "spec/jobTemplate/spec/"
POD, C = JOB + "template/spec/", JOB + "template/spec/containers/0/"
TIME = "2026-01-01T00:00:00Z"

SCHEDULES = (
    "0 0 1 1 0", "@daily", "@every 5m", "@midnight", "1-5,7 */2 ? JAN-MAR mon", "0 0 * * 7", "59 23 31 12 6", "@YEARLY",
    "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "5-1 * * * *", "1-2-3 * * * *",
    "*/0 * * * *", "1/2/3 * * * *", "@sometimes", "@every x", " * * * * * ", "1,,2 * * * *", "-1 * * * *", "5/15 * * * *", "*/x * * * *", "@every 1s",
    "TZ=UTC * * * * *", "CRON_TZ=Nowhere/X * * * * *", "TZ=UTC", "?/5 * * * *", "+1 * * * *", "L * * * *", "*-5 * * * *", "   ", "@", "9999999999999999999 * * * *",
)
ZONES = ("UTC", "Europe/Berlin", "europe/berlin", "Local", "local", "", "Nowhere/X", "../x", "a b", "Etc/GMT+1", "/UTC", "Europe//Berlin", "-x", "Asia/")

CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/concurrencyPolicy": "Forbid", "spec/suspend": True, "spec/successfulJobsHistoryLimit": 0, "spec/failedJobsHistoryLimit": 0,
        "spec/startingDeadlineSeconds": 10, "spec/timeZone": "Europe/Berlin", JOB + "parallelism": 2, JOB + "completions": 4,
        "spec/jobTemplate/metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, C + "resources": {"limits": {"cpu": "1"}}}),
    ("status is not for creators", "create", {"status": {"lastScheduleTime": TIME}, "metadata/generation": 9}),
    ("scheduling is dropped", "create", {JOB + "scheduling": {}}),
    ("condition patterns", "create", {JOB + "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "A"}]}]}}),
    ("empty", "create", {"spec": None}),
    ("no schedule", "create", {"spec/schedule": None}),
    ("no template", "create", {"spec/jobTemplate": None}),
    ("negative numbers", "create", {
        "spec/startingDeadlineSeconds": -1, "spec/successfulJobsHistoryLimit": -1, "spec/failedJobsHistoryLimit": -1, JOB + "parallelism": -1}),
    ("policy", "create", {"spec/concurrencyPolicy": "Sometimes"}),
    ("selector", "create", {JOB + "selector": {"matchLabels": {"b": "c", "a": "b"}}}),
    ("manual selector", "create", {JOB + "manualSelector": True}),
    ("manual selector false", "create", {JOB + "manualSelector": False}),
    ("indexed", "create", {JOB + "completionMode": "Indexed"}),
    ("restart policy", "create", {POD + "restartPolicy": "Always"}),
    ("template", "create", {C + "name": "Not_Valid", C + "image": "", POD + "volumes": [{"name": "v", "hostPath": {}}]}),
    ("template warnings", "create", {POD + "nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
    ("many", "create", {JOB + "completionMode": "Indexed", JOB + "completions": 100001, JOB + "parallelism": 10001}),
    ("long name", "create", {"metadata/name": "a" * 53}),
    ("name", "create", {"metadata/name": "a" * 52}),
    ("bad name", "create", {"metadata/name": "A_"}),
    *((f"schedule {text}", "create", {"spec/schedule": text}) for text in SCHEDULES),
    *((f"zone {text}", "create", {"spec/timeZone": text}) for text in ZONES),
    ("both zones", "create", {"spec/schedule": "TZ=UTC * * * * *", "spec/timeZone": "UTC"}),
    ("update nothing", "update", {}),
    ("update schedule", "update", {"spec/schedule": "@daily", "spec/suspend": True}),
    ("update schedule with zone", "update", {"spec/schedule": "TZ=UTC * * * * *"}),
    ("update template", "update", {C + "image": "nginx:2", JOB + "completions": 3}),
    ("update bad", "update", {"spec/schedule": "x", "spec/timeZone": "Nowhere/X", C + "name": ""}),
    ("update template warnings", "update", {POD + "nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
    ("status", "status", {"status": {"lastScheduleTime": TIME, "active": [{"kind": "Job", "name": "a", "namespace": "golden"}]}, "spec/suspend": True,
                          "metadata/labels": {"a": "b"}}),
    ("table", "table", {"status": {"lastScheduleTime": TIME, "active": [{"name": "a"}]}}, {"spec/timeZone": "UTC", "spec/suspend": True}),
    ("table minimal", "table", {}),
]
