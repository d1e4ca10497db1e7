"""Table columns of admissionregistration.k8s.io, flowcontrol.apiserver.k8s.io, policy and scheduling.k8s.io. Called by their groups."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta
from kcompat.registry.columns.cells import AGE, NAME, NONE, UNSET, number, path
from kcompat.registry.declare import Cell, CellFunction, Column, Tree


def _length(dotted: str) -> CellFunction:
    steps = tuple(dotted.strip(".").split("."))
    return lambda obj, now: len(meta.get(obj, steps, ()))


def _param_kind(obj: Tree, now: datetime) -> Cell:
    kind = meta.get(obj, ("spec", "paramKind"))
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind is not None else UNSET


def _param_ref(obj: Tree, now: datetime) -> Cell:
    reference = meta.get(obj, ("spec", "paramRef"), {})
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    return _go_selector(reference["selector"]) if reference.get("selector") is not None else UNSET


def _go_selector(selector: Tree) -> str:
    """As the generated String of metav1.LabelSelector prints it."""
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    expressions = "".join(f"{_go_requirement(item)}," for item in selector.get("matchExpressions") or ())
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"


def _go_requirement(item: Tree) -> str:
    values = " ".join(item.get("values") or ())
    return f"LabelSelectorRequirement{{Key:{item.get('key', '')},Operator:{item.get('operator', '')},Values:[{values}],}}"


WEBHOOK_CONFIGURATION: Final = (NAME, Column("Webhooks", _length("webhooks"), type="integer"), AGE)
VALIDATING_ADMISSION_POLICY: Final = (
    NAME, Column("Validations", _length(".spec.validations"), type="integer"), Column("ParamKind", _param_kind), AGE,
)
MUTATING_ADMISSION_POLICY: Final = (
    NAME, Column("Mutations", _length(".spec.mutations"), type="integer"), Column("ParamKind", _param_kind), AGE,
)
POLICY_BINDING: Final = (NAME, Column("PolicyName", path(".spec.policyName")), Column("ParamRef", _param_ref), AGE)


def _missing_level(obj: Tree, now: datetime) -> Cell:
    dangling = meta.find_condition(meta.conditions(obj), "Dangling")
    return "?" if dangling is None else dangling.get("status", "")


FLOW_SCHEMA: Final = (
    NAME, Column("PriorityLevel", path(".spec.priorityLevelConfiguration.name")),
    Column("MatchingPrecedence", number(".spec.matchingPrecedence")),
    Column("DistinguisherMethod", path(".spec.distinguisherMethod.type", NONE)), AGE, Column("MissingPL", _missing_level),
)


def by_precedence(schema: Tree) -> tuple[int, str]:
    """The order in which requests are matched (upstream: printFlowSchemaList, apihelpers.FlowSchemaSequence)."""
    return schema["spec"].get("matchingPrecedence", 0), meta.name(schema)


_QUEUING = ".spec.limited.limitResponse.queuing"
PRIORITY_LEVEL_CONFIGURATION: Final = (
    NAME, Column("Type", path(".spec.type")), Column("NominalConcurrencyShares", path(".spec.limited.nominalConcurrencyShares", NONE)),
    Column("Queues", path(_QUEUING + ".queues", NONE)), Column("HandSize", path(_QUEUING + ".handSize", NONE)),
    Column("QueueLengthLimit", path(_QUEUING + ".queueLengthLimit", NONE)), AGE,
)


def _int_or_string(dotted: str) -> CellFunction:
    value = path(dotted, "N/A")
    return lambda obj, now: str(value(obj, now))


POD_DISRUPTION_BUDGET: Final = (
    NAME, Column("Min Available", _int_or_string(".spec.minAvailable")), Column("Max Unavailable", _int_or_string(".spec.maxUnavailable")),
    Column("Allowed Disruptions", number(".status.disruptionsAllowed"), type="integer"), AGE,
)
PRIORITY_CLASS: Final = (
    NAME, Column("Value", number("value"), type="integer"), Column("Global-Default", path("globalDefault", False), type="boolean"), AGE,
    Column("PreemptionPolicy", path("preemptionPolicy")),
)
