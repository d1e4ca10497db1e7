"""Jobs made on a schedule (upstream: pkg/controller/cronjob). `plan.py` decides when and what, `controller.py` watches and acts."""

from kcompat.controllers.cron_job.controller import CronJobController

__all__ = ["CronJobController"]
