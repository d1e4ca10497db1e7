"""batch: pods that run to completion, once or on a schedule."""

from kcompat.registry.columns import workloads as columns
from kcompat.registry.declare import Resource, Status
from kcompat.registry.rules.cron_job import CronJobRules
from kcompat.registry.rules.job import JobRules
from kcompat.registry.rules.workload import count

GROUP = "batch"

RESOURCES = (
    Resource(
        "cronjobs", kind="CronJob", group=GROUP, rules=CronJobRules(), columns=columns.CRON_JOB_COLUMNS, subresources=(Status(),),
    ),
    Resource(
        "jobs", kind="Job", group=GROUP, rules=JobRules(), columns=columns.JOB_COLUMNS, subresources=(Status(),),
        fields={"status.successful": count("status.succeeded")},
    ),
)
