"""DaemonSets: one pod on every node that fits (upstream: pkg/controller/daemon).

`controller.py` looks and acts, `placement.py` says which nodes fit, `plan.py` what to make and remove.
"""

from kcompat.controllers.daemon_set.controller import DaemonSetController

__all__ = ["DaemonSetController"]
