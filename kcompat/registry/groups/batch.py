"""batch: pods that run to completion, once or on a schedule."""

from kcompat.registry.columns import workloads as columns
from kcompat.registry.declare import Resource, Status
from kcompat.registry.fields import count
from kcompat.registry.later import later

GROUP = "batch"

RESOURCES = (
    Resource(
        "cronjobs", kind="CronJob", group=GROUP,
        rules=later("cron_job.CronJobRules"), columns=columns.CRON_JOB_COLUMNS, subresources=(Status(),),
    ),
    Resource(
        "jobs", kind="Job", group=GROUP, rules=later("job.JobRules"), columns=columns.JOB_COLUMNS, subresources=(Status(),),
        fields={"status.successful": count("status.succeeded")}, field_label_error='field label "{}" not supported for Job',
    ),
)
