"""What a job may be asked to do, and what of it may change. Called by job and cron_job.

Answers pkg/apis/batch/validation/validation.go:ValidateJobCreate, ValidateJobUpdate, validateJobSpec; pkg/api/job/warnings.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kcompat.apimachinery import field, meta, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.validation import is_domain_prefixed_path, label_selector_has_invalid_value, validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules import job_scheduling
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.job_indexes import IndexesError, count_indexes
from kcompat.registry.rules.pod.checks import NONE, Errors, qualified_name
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod.update import put_back_node_affinity
from kcompat.registry.rules.workload_validation import SPEC

LEGACY_JOB_NAME: Final = "job-name"
JOB_NAME: Final = "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID: Final = "controller-uid"
CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"

_MAX_PARALLELISM: Final = 100_000
_MAX_FAILED: Final = 100_000
_MANY: Final = 100_000
_MAX_FOR_MANY: Final = 10_000
_MAX_INDEXES_TEXT: Final = 64 * 1024
_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS: Final = ("In", "NotIn")
_CONDITION_STATUSES: Final = ("False", "True", "Unknown")
_REPLACEMENTS: Final = ("Failed", "TerminatingOrFailed")
_COUNTS: Final = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex",
    "maxFailedIndexes",
)


def generated_selector(job: Tree) -> list[FieldError]:
    """The labels and selector that creation makes, unless the user brings all of them (validateGeneratedSelector)."""
    spec = job["spec"]
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    uid, name = meta.uid(job), meta.name(job)
    errors = [] if uid else [field.required(Path("metadata", "uid"))]
    expected = {LEGACY_CONTROLLER_UID: uid, LEGACY_JOB_NAME: name, CONTROLLER_UID: uid, JOB_NAME: name}
    labels, at = check.labels_of(spec.get("template") or {}), SPEC.child("template", "metadata", "labels")
    for key, value in expected.items():
        if key not in labels:
            errors.append(field.required(at.key(key), f"must be '{value}'"))
        elif labels[key] != value:
            errors.append(field.invalid(at.key(key), dict(sorted(labels.items())), f"must be '{value}'"))
    selector = check.parsed(spec["selector"])
    if selector is not None and not selector.matches(expected):
        errors.append(field.invalid(SPEC.child("selector"), check.shown_selector(spec["selector"]), "`selector` not auto-generated"))
    return errors


def name_allows_completions(job: Tree) -> list[FieldError]:
    """Pods of an indexed job are named after it and their index (validateNameAllowsCompletions)."""
    spec, name = job["spec"], meta.name(job)
    completions = spec.get("completions") or 0
    if spec.get("completionMode") != "Indexed" or completions <= 0:
        return []
    host = f"{name}-{completions - 1}"
    if not names.is_dns1123_label(host):
        return []
    return [field.invalid(Path("metadata", "name"), name, f"will not able to create pod with invalid DNS label: {host}")]


def job(tree: Tree, old: Tree | None) -> list[FieldError]:
    """A job's own spec, selector included (ValidateJobSpec)."""
    errors, selector, at = spec(tree, old, SPEC), tree.get("selector"), SPEC.child("selector")
    if selector is None:
        errors.append(field.required(at))
    else:
        tolerated = old is not None and label_selector_has_invalid_value(old.get("selector"))
        errors += validate_label_selector(selector, at, allow_invalid_values=tolerated)
    compiled, template = check.parsed(selector), tree.get("template") or {}
    if compiled is not None and not compiled.matches(check.labels_of(template)):
        errors.append(check.mismatch(template, SPEC.child("template")))
    return errors


def spec(tree: Tree, old: Tree | None, at: Path) -> list[FieldError]:
    """What holds for jobs and the jobs of CronJobs (validateJobSpec)."""
    errors = check.nonnegative(tree, at, *_COUNTS)
    if tree.get("maxFailedIndexes") is not None and tree.get("backoffLimitPerIndex") is None:
        errors.append(field.required(at.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"))
    if (manager := tree.get("managedBy")) is not None:
        errors += _managed_by(manager, at.child("managedBy"))
    errors += _completion_mode(tree, at)
    if tree.get("podFailurePolicy") is not None:
        errors += _failure_policy(tree, at.child("podFailurePolicy", "rules"))
    if (policy := tree.get("successPolicy")) is not None:
        if tree.get("completionMode") != "Indexed":
            shown = go_form(policy, "batch/v1.SuccessPolicy")
            errors.append(field.invalid(at.child("successPolicy"), shown, "requires indexed completion mode"))
        else:
            errors += _success_policy(tree, policy, at.child("successPolicy", "rules"))
    errors += _replacement(tree, at.child("podReplacementPolicy"))
    errors += job_scheduling.checks(tree, at.child("scheduling"))
    errors += check.template(tree.get("template") or {}, (old or {}).get("template"), at.child("template"))
    return [*errors, *_restart_policy(tree, at.child("template", "spec", "restartPolicy"))]


def _managed_by(manager: str, at: Path) -> list[FieldError]:
    """A domain and a path (IsDomainPrefixedPath), not too long."""
    errors = is_domain_prefixed_path(manager, at)
    return [*errors, field.too_long(at, 63)] if names.byte_length(manager) > 63 else errors


def _completion_mode(tree: Tree, at: Path) -> list[FieldError]:
    mode, failed = tree.get("completionMode"), tree.get("maxFailedIndexes")
    if mode == "Indexed":
        return _indexed(tree, at)
    errors: list[FieldError] = []
    if mode is not None and mode != "NonIndexed":
        return [field.not_supported(at.child("completionMode"), mode, ("NonIndexed", "Indexed"))]
    for name, value in (("backoffLimitPerIndex", tree.get("backoffLimitPerIndex")), ("maxFailedIndexes", failed)):
        if value is not None:
            errors.append(field.invalid(at.child(name), value, "requires indexed completion mode"))
    return errors


def _indexed(tree: Tree, at: Path) -> list[FieldError]:
    """Limits that keep the lists of indexes in the status short."""
    completions, parallelism, failed = (tree.get(name) for name in ("completions", "parallelism", "maxFailedIndexes"))
    at_parallelism, at_failed = at.child("parallelism"), at.child("maxFailedIndexes")
    errors: list[FieldError] = []
    if completions is None:
        errors.append(field.required(at.child("completions"), "when completion mode is Indexed"))
    if parallelism is not None and parallelism > _MAX_PARALLELISM:
        detail = f"must be less than or equal to {_MAX_PARALLELISM} when completion mode is Indexed"
        errors.append(field.invalid(at_parallelism, parallelism, detail))
    if completions is not None and failed is not None and failed > completions:
        errors.append(field.invalid(at_failed, failed, "must be less than or equal to completions"))
    if failed is not None and failed > _MAX_FAILED:
        errors.append(field.invalid(at_failed, failed, f"must be less than or equal to {_MAX_FAILED}"))
    if completions is None or completions <= _MANY or tree.get("backoffLimitPerIndex") is None:
        return errors
    detail = f"must be less than or equal to {_MAX_FOR_MANY} when completions are above {_MANY} and used with backoff limit per index"
    if failed is None:
        errors.append(field.required(at_failed, f"must be specified when completions is above {_MANY}"))
    if parallelism is not None and parallelism > _MAX_FOR_MANY:
        errors.append(field.invalid(at_parallelism, parallelism, detail))
    if failed is not None and failed > _MAX_FOR_MANY:
        errors.append(field.invalid(at_failed, failed, detail))
    return errors


def _valid_values(values: Sequence[str]) -> str:
    return "valid values: [" + " ".join(map(field.printed, values)) + "]"


def _failure_policy(tree: Tree, at: Path) -> list[FieldError]:
    """validatePodFailurePolicy."""
    rules = tree["podFailurePolicy"].get("rules") or ()
    errors = [field.too_many(at, len(rules), 20)] if len(rules) > 20 else []
    pods = meta.get(tree, ("template", "spec"), {})
    containers = {c.get("name") for name in ("containers", "initContainers") for c in pods.get(name) or ()}
    for index, rule in enumerate(rules):
        errors += _failure_rule(rule, tree, containers, at.index(index))
    return errors


def _failure_rule(rule: Tree, tree: Tree, containers: set[Any], at: Path) -> list[FieldError]:
    action, codes, conditions = rule.get("action") or "", rule.get("onExitCodes"), rule.get("onPodConditions") or ()
    errors: list[FieldError] = []
    if not action:
        errors.append(field.required(at.child("action"), _valid_values(_ACTIONS)))
    elif action == "FailIndex":
        if tree.get("backoffLimitPerIndex") is None:
            errors.append(field.invalid(at.child("action"), action, "requires the backoffLimitPerIndex to be set"))
    elif action not in _ACTIONS:
        errors.append(field.not_supported(at.child("action"), action, _ACTIONS))
    if codes is not None:
        errors += _exit_codes(codes, containers, at.child("onExitCodes"))
    if conditions:
        errors += _pod_conditions(conditions, at.child("onPodConditions"))
    if codes is not None and conditions:
        errors.append(field.invalid(at, field.OMITTED, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not conditions:
        errors.append(field.invalid(at, field.OMITTED, "specifying one of OnExitCodes and OnPodConditions is required"))
    return errors


def _pod_conditions(patterns: Sequence[Tree], at: Path) -> list[FieldError]:
    errors = [field.too_many(at, len(patterns), 20)] if len(patterns) > 20 else []
    for index, pattern in enumerate(patterns):
        here, status = at.index(index), pattern.get("status") or ""
        errors += qualified_name(pattern.get("type") or "", here.child("type"))
        if not status:
            errors.append(field.required(here.child("status"), _valid_values(_CONDITION_STATUSES)))
        elif status not in _CONDITION_STATUSES:
            errors.append(field.not_supported(here.child("status"), status, _CONDITION_STATUSES))
    return errors


def _exit_codes(codes: Tree, containers: set[Any], at: Path) -> list[FieldError]:
    """validatePodFailurePolicyRuleOnExitCodes."""
    operator, container, values = codes.get("operator") or "", codes.get("containerName"), codes.get("values") or []
    here = at.child("values")
    errors: list[FieldError] = []
    if not operator:
        errors.append(field.required(at.child("operator"), _valid_values(_OPERATORS)))
    elif operator not in _OPERATORS:
        errors.append(field.not_supported(at.child("operator"), operator, _OPERATORS))
    if container is not None and container not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(field.invalid(at.child("containerName"), container, detail))
    if not values:
        errors.append(field.invalid(here, codes.get("values"), "at least one value is required"))
    elif len(values) > 255:
        errors.append(field.too_many(here, len(values), 255))
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            errors.append(field.invalid(here.index(index), value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(field.duplicate(here.index(index), value))
        seen.add(value)
    if values != sorted(values):
        errors.append(field.invalid(here, values, "must be ordered"))
    return errors


def _success_policy(tree: Tree, policy: Tree, at: Path) -> list[FieldError]:
    """validateSuccessPolicy."""
    rules = policy.get("rules") or ()
    errors: list[FieldError] = []
    if not rules:
        errors.append(field.required(at, "at least one rules must be specified when the successPolicy is specified"))
    if len(rules) > 20:
        errors.append(field.too_many(at, len(rules), 20))
    for index, rule in enumerate(rules):
        errors += _success_rule(rule, tree.get("completions") or 0, at.index(index))
    return errors


def _success_rule(rule: Tree, completions: int, at: Path) -> list[FieldError]:
    count, indexes, total = rule.get("succeededCount"), rule.get("succeededIndexes"), 0
    errors: list[FieldError] = []
    if count is None and indexes is None:
        errors.append(field.required(at, "at least one of succeededCount or succeededIndexes must be specified"))
    if indexes is not None:
        here = at.child("succeededIndexes")
        if names.byte_length(indexes) > _MAX_INDEXES_TEXT:
            errors.append(field.too_long(here, _MAX_INDEXES_TEXT))
        try:
            total = count_indexes(indexes, completions)
        except IndexesError as error:
            errors.append(field.invalid(here, indexes, f"error parsing succeededIndexes: {error}"))
    if count is None:
        return errors
    here = at.child("succeededCount")
    errors += check.nonnegative(rule, at, "succeededCount")
    if count > completions:
        errors.append(field.invalid(here, count, f"must be less than or equal to {completions} (the number of specified completions)"))
    if indexes is not None and count > total:
        detail = f"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
        errors.append(field.invalid(here, count, detail))
    return errors


def _replacement(tree: Tree, at: Path) -> Errors:
    """validatePodReplacementPolicy."""
    policy = tree.get("podReplacementPolicy")
    allowed = _REPLACEMENTS if tree.get("podFailurePolicy") is None else ("Failed",)
    return NONE if policy is None or policy in allowed else [field.not_supported(at, policy, allowed)]


def _restart_policy(tree: Tree, at: Path) -> Errors:
    """Pods of a job end."""
    policy = meta.get(tree, ("template", "spec", "restartPolicy"), "")
    if policy in ("Always", ""):
        return [field.required(at, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [field.not_supported(at, policy, ("OnFailure", "Never"))]
    if tree.get("podFailurePolicy") is not None and policy != "Never":
        return [field.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return NONE


def updated_job(new: Tree, old_job: Tree) -> list[FieldError]:
    """An update of a job's spec (ValidateJobSpecUpdate). Little may change, more while the job is suspended."""
    old = old_job["spec"]
    errors = job(new, old)
    errors += _completions(new, old)
    errors += check.immutable(new, old, "selector")
    errors += _template_update(new, old_job)
    errors += check.immutable(new, old, "completionMode")
    errors += _immutable_struct(new, old, "podFailurePolicy", "batch/v1.PodFailurePolicy")
    errors += check.immutable(new, old, "backoffLimitPerIndex")
    errors += check.immutable(new, old, "managedBy")
    errors += _immutable_struct(new, old, "successPolicy", "batch/v1.SuccessPolicy")
    return [*errors, *job_scheduling.updated(new, old)]


def _immutable_struct(new: Tree, old: Tree, member: str, type_name: str) -> list[FieldError]:
    if same(new.get(member), old.get(member)):
        return []
    return [field.invalid(SPEC.child(member), go_form(new.get(member), type_name), check.IMMUTABLE)]


def _completions(new: Tree, old: Tree) -> Errors:
    """Indexed jobs may grow and shrink, parallelism and completions together."""
    value = new.get("completions")
    if new.get("completionMode") != "Indexed":
        return check.immutable(new, old, "completions")
    if value is None or value == old.get("completions") or value == new.get("parallelism"):
        return NONE
    detail = "can only be modified in tandem with spec.parallelism"
    return [field.invalid(SPEC.child("completions"), value, detail)]


def _template_update(new: Tree, old_job: Tree) -> list[FieldError]:
    """validatePodTemplateUpdate."""
    old, template = old_job["spec"], new.get("template") or {}
    before = old.get("template") or {}
    may_change = _template_is_mutable(old_job)
    if may_change:
        before = _with_scheduling_of(before, template)
    if not (old.get("suspend") and may_change):
        if same(template, before):
            return []
        shown = go_form(template, "core/v1.PodTemplateSpec")
        return [field.invalid(SPEC.child("template"), shown, check.IMMUTABLE)]
    pods, old_pods = template.get("spec") or {}, _with_resources_of(before.get("spec") or {}, template.get("spec") or {})
    if same(pods, old_pods):
        return []
    return [field.invalid(SPEC.child("template.spec"), go_form(pods, "core/v1.PodSpec"), check.IMMUTABLE)]


def _template_is_mutable(job: Tree) -> bool:
    """Suspended, without pods, and either never started or known to be suspended (shouldAllowMutablePodTemplate)."""
    status = job.get("status") or {}
    suspended = any(c.get("type") == "Suspended" and c.get("status") == "True" for c in status.get("conditions") or ())
    return bool(job["spec"].get("suspend")) and (not status.get("startTime") or suspended) and not status.get("active")


def _with_scheduling_of(before: Tree, template: Tree) -> Tree:
    """The old template with everything of the new one that says where pods run."""
    pods, new_pods = {**(before.get("spec") or {})}, template.get("spec") or {}
    affinity, old_affinity = new_pods.get("affinity"), pods.get("affinity")
    put_back_node_affinity(pods, old_affinity, affinity, (affinity or {}).get("nodeAffinity"))
    for name in ("nodeSelector", "tolerations", "schedulingGates"):
        _take(pods, new_pods, name)
    metadata = {**(before.get("metadata") or {})}
    for name in ("annotations", "labels"):
        _take(metadata, template.get("metadata") or {}, name)
    return {**before, "metadata": metadata, "spec": pods}


def _with_resources_of(before: Tree, pods: Tree) -> Tree:
    """The old pod spec with the resources of the new one's containers (validatePodResourceUpdatesOnly)."""
    result = {**before}
    for name in ("containers", "initContainers"):
        new, old = pods.get(name) or [], before.get(name) or []
        if len(new) == len(old) and old:
            result[name] = [_resourced(o, n) if o.get("name") == n.get("name") else o for o, n in zip(old, new, strict=True)]
    return result


def _resourced(old: Tree, new: Tree) -> Tree:
    result = {**old}
    _take(result, new, "resources")
    return result


def _take(tree: Tree, source: Mapping[str, Any], member: str) -> None:
    if member in source:
        tree[member] = source[member]
    else:
        tree.pop(member, None)


def warnings(tree: Tree, at: Path) -> list[str]:
    """WarningsForJobSpec, without those of the template."""
    many = (tree.get("completions") or 0) > _MANY and (tree.get("parallelism") or 0) > _MAX_FOR_MANY
    if tree.get("completionMode") != "Indexed" or not many:
        return []
    return [
        f"{at}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
        "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
    ]
