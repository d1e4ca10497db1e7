"""Jobs: pods that run to completion, counted exactly once (upstream: pkg/controller/job).

`indexes.py` counts completion indexes, `failures.py` judges failed pods and what to wait after them, `plan.py` decides, `status.py` keeps
the account of finished pods, `pods.py` makes pods, `controller.py` watches and acts.
"""

from kcompat.controllers.job.controller import JobController

__all__ = ["JobController"]
