"""Table columns of the kinds that make pods. Declared in `registry/groups/{apps,batch,core_pods}.py`.

Answers pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from datetime import datetime

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.duration import human
from kcompat.apimachinery.selectors import SelectorError, from_label_selector
from kcompat.registry.columns.cells import (
    AGE,
    NAME,
    NONE,
    age_of,
    boolean,
    container_columns,
    labels_at,
    number,
    path,
    ratio,
    selector_at,
    wide,
)
from kcompat.registry.declare import Cell, Column, Tree

_SELECTOR = Column("Selector", selector_at())
_WIDE = wide(*container_columns(), _SELECTOR)


def _deployment_selector(obj: Tree, now: datetime) -> Cell:
    """Unlike its peers, empty or `<invalid>` where there is nothing to show (printDeployment)."""
    try:
        return str(from_label_selector(meta.get(obj, ("spec", "selector"))))
    except SelectorError:
        return "<invalid>"


DEPLOYMENT_COLUMNS = (
    NAME,
    Column("Ready", ratio(".status.readyReplicas", ".spec.replicas")),
    Column("Up-to-date", number(".status.updatedReplicas")),
    Column("Available", number(".status.availableReplicas")),
    AGE,
    *wide(*container_columns(), Column("Selector", _deployment_selector)),
)

_REPLICAS = (
    NAME,
    Column("Desired", number(".spec.replicas"), "integer"),
    Column("Current", number(".status.replicas"), "integer"),
    Column("Ready", number(".status.readyReplicas"), "integer"),
    AGE,
)
REPLICA_SET_COLUMNS = (*_REPLICAS, *_WIDE)
REPLICATION_CONTROLLER_COLUMNS = (*_REPLICAS, *wide(*container_columns(), Column("Selector", labels_at(".spec.selector"))))

DAEMON_SET_COLUMNS = (
    NAME,
    Column("Desired", number(".status.desiredNumberScheduled"), "integer"),
    Column("Current", number(".status.currentNumberScheduled"), "integer"),
    Column("Ready", number(".status.numberReady"), "integer"),
    Column("Up-to-date", number(".status.updatedNumberScheduled"), "integer"),
    Column("Available", number(".status.numberAvailable"), "integer"),
    Column("Node Selector", labels_at(".spec.template.spec.nodeSelector")),
    AGE,
    *_WIDE,
)

STATEFUL_SET_COLUMNS = (
    NAME, Column("Ready", ratio(".status.readyReplicas", ".spec.replicas")), AGE, *wide(*container_columns()),
)


def _controller(obj: Tree, now: datetime) -> Cell:
    """`statefulset.apps/web` (formatResourceName)."""
    owner = meta.controller_of(obj)
    if owner is None:
        return NONE
    group = (owner.get("apiVersion") or "").rpartition("/")[0]
    kind = (owner.get("kind") or "").lower()
    return f"{kind}.{group}/{owner.get('name')}" if group else f"{kind}/{owner.get('name')}"


CONTROLLER_REVISION_COLUMNS = (NAME, Column("Controller", _controller), Column("Revision", number(".revision")), AGE)


def _job_status(obj: Tree, now: datetime) -> Cell:
    conditions = meta.conditions(obj)
    if meta.is_condition_true(conditions, "Complete"):
        return "Complete"
    if meta.is_condition_true(conditions, "Failed"):
        return "Failed"
    if meta.is_being_deleted(obj):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if meta.is_condition_true(conditions, kind):
            return kind
    return "Running"


def _completions(obj: Tree, now: datetime) -> Cell:
    succeeded = meta.get(obj, ("status", "succeeded"), 0)
    wanted = meta.get(obj, ("spec", "completions"))
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallelism = meta.get(obj, ("spec", "parallelism"), 0)
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(obj: Tree, now: datetime) -> Cell:
    started, completed = (meta.get(obj, ("status", name)) for name in ("startTime", "completionTime"))
    if not started:
        return ""
    end = parse_rfc3339(completed) if completed else now
    return human((end - parse_rfc3339(started)).total_seconds())


JOB_COLUMNS = (
    NAME, Column("Status", _job_status), Column("Completions", _completions), Column("Duration", _job_duration), AGE, *_WIDE,
)

_JOB = ".spec.jobTemplate.spec"
CRON_JOB_COLUMNS = (
    NAME,
    Column("Schedule", path(".spec.schedule")),
    Column("Timezone", path(".spec.timeZone", NONE)),
    Column("Suspend", lambda obj, now: boolean(meta.get(obj, ("spec", "suspend"))), "boolean"),
    Column("Active", lambda obj, now: len(meta.get(obj, ("status", "active"), ())), "integer"),
    Column("Last Schedule", age_of(".status.lastScheduleTime", NONE)),
    AGE,
    *wide(*container_columns(_JOB + ".template.spec"), Column("Selector", selector_at(_JOB + ".selector"))),
)
