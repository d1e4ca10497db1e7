"""pods/eviction: deletes a pod if its disruption budgets allow. Upstream: pkg/registry/core/pod/storage/eviction.go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kcompat.admission.interface import CREATE
from kcompat.api import body, field_managers, parameters, respond
from kcompat.api.actions.trusted import TRUSTED
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs.create import check_namespace
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.field import Path, invalid
from kcompat.apimachinery.selectors import from_label_selector
from kcompat.registry import deletion
from kcompat.registry.deletion import DeleteOptions, check
from kcompat.registry.store import Preconditions

_MAX_DISRUPTED = 2000
_ALLOWED = "DisruptionAllowed"
_UNSAFE = "ignoreStoreReadErrorWithClusterBreakingPotential"
_ALSO = ("policy/v1beta1",)  # eviction.go:AcceptsGroupVersion


async def create(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=False)
    dry_run = body.validate_write_options(request, "CreateOptions")
    eviction = await body.read_object(request, "policy", "v1", "Eviction", _ALSO)
    check_namespace(eviction, scope.namespace)
    attributes = scope.attributes(CREATE, request, eviction, None, dry_run=dry_run)
    await scope.services.admission.admit(attributes)
    options = _options(eviction, scope.name, request.query.all("dryRun"))
    await scope.services.admission.validate(attributes)
    await _evict(scope, options)
    return respond.tree_response(request, errors.success(None, 201), form, 201)


def _options(eviction: Tree, name: str, dry_run: Sequence[str]) -> DeleteOptions:
    """How the pod is to be deleted. Raises BadRequest, Invalid, and an error without a reason for two wishes of dry runs."""
    if eviction["metadata"].get("name", "") != name:
        raise errors.bad_request("name in URL does not match name in Eviction object")
    document = eviction.get("deleteOptions") or {}
    if document.get(_UNSAFE):
        why = "can not be set for pod eviction, try after removing the option"
        raise errors.invalid("policy", "Eviction", name, [invalid(Path("deleteOptions").child(_UNSAFE), True, why)])
    own = document.get("dryRun") or []
    if own and dry_run and list(own) != list(dry_run):
        asked, said = " ".join(dry_run), " ".join(own)
        raise errors.StatusError(500, "", f"Non-matching dry-run options in request and content: [{asked}] and [{said}]")
    return parameters.delete_options({**document, "dryRun": own or list(dry_run)})


async def _evict(scope: Scope, options: DeleteOptions) -> None:
    pod = (await scope.store.get(scope.namespace, scope.name)).tree()
    if _ignores_budgets(pod):
        # It must not have become one that counts when it goes.
        await _delete(scope, pod, _exactly(options, pod) if pod["status"].get("phase") == "Pending" else options)
        return
    budget = await _budget_of(scope, pod)
    if budget is None or not _may_go_uncounted(pod, budget):
        if budget is not None:
            await _disrupt(scope, budget["metadata"]["name"], pod, options.dry_run)
        await _delete(scope, pod, options)
        return
    try:
        await _delete(scope, pod, _exactly(options, pod))
    except errors.StatusError as error:
        if error.reason != "Conflict" or options.preconditions.resource_version is not None:
            raise
        detail = f"The disruption budget {budget['metadata']['name']} is still being processed by the server."
        raise _too_many("DisruptionBudget", detail, 10) from error


def _exactly(options: DeleteOptions, pod: Tree) -> DeleteOptions:
    """The same options, for the pod as it was looked at and no later version."""
    if options.preconditions.resource_version is not None:
        return options
    wanted = replace(options.preconditions, resource_version=pod["metadata"]["resourceVersion"])
    return replace(options, preconditions=wanted)


async def _delete(scope: Scope, pod: Tree, options: DeleteOptions) -> None:
    """Says in the pod's conditions why, then deletes it (upstream: addConditionAndDeletePod)."""
    if options.dry_run:
        await deletion.delete(scope.store, scope.namespace, scope.name, options)
        return
    now = rfc3339(scope.services.clock.now())

    async def transform(found: Tree | None) -> Tree:
        assert found is not None
        wanted = options.preconditions
        check(scope.store, found, Preconditions(wanted.uid or None, wanted.resource_version or None))
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
        found["status"]["conditions"] = meta.set_pod_condition(meta.conditions(found), condition, now)
        return found

    written = await scope.store.update(scope.namespace, scope.name, transform, rules=TRUSTED, retry=True)
    if options.preconditions.resource_version is not None:
        newer = replace(options.preconditions, resource_version=written.tree["metadata"]["resourceVersion"])
        options = replace(options, preconditions=newer)
    await deletion.delete(scope.store, scope.namespace, scope.name, options)


def _ignores_budgets(pod: Tree) -> bool:
    """Terminal, pending or already terminating pods cost no disruption (upstream: canIgnorePDB)."""
    return pod["status"].get("phase") in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def _may_go_uncounted(pod: Tree, budget: Tree) -> bool:
    """A pod that is not ready does not count, where the budget lets such pods go, or is met without it."""
    if meta.is_condition_true(pod["status"].get("conditions") or (), "Ready"):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0)


def _budgets(scope: Scope, name: str = "") -> Scope:
    """The status of a budget in the pod's namespace."""
    resource = scope.services.catalog.get("policy", "v1", "poddisruptionbudgets")
    assert resource is not None
    return Scope(scope.services, resource, scope.services.stores(resource), resource.subresource("status"), scope.namespace, name)


async def _budget_of(scope: Scope, pod: Tree) -> Tree | None:
    """The budget that covers the pod. Raises InternalError if there are several."""
    store = _budgets(scope).store
    budgets = [entry.tree() for entry in (await store.fresh()).scan(store.scope(scope.namespace))]
    labels = pod["metadata"].get("labels") or {}
    matching = [b for b in budgets if from_label_selector(b["spec"].get("selector")).matches(labels)]
    if len(matching) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise errors.StatusError(500, "", message)
    return matching[0] if matching else None


async def _disrupt(scope: Scope, name: str, pod: Tree, dry_run: bool) -> None:
    """Takes one from the budget. Raises TooManyRequests when it allows no disruption now."""
    now, budgets = rfc3339(scope.services.clock.now()), _budgets(scope, name)

    async def transform(budget: Tree | None) -> Tree:
        assert budget is not None
        check_budget(budget, name)
        status = budget["status"]
        disrupted = {**status.get("disruptedPods", {}), pod["metadata"]["name"]: now}
        status = {**status, "disruptionsAllowed": status["disruptionsAllowed"] - 1, "disruptedPods": disrupted}
        if not status["disruptionsAllowed"]:
            status["conditions"] = list(meta.set_condition(status.get("conditions") or [], _no_more(status), now))
        return field_managers.track_own(budgets, budget, {**budget, "status": status})

    await budgets.store.update(scope.namespace, name, transform, rules=TRUSTED, retry=True, dry_run=dry_run)


def _no_more(status: Tree) -> Tree:
    """The condition that tells that no more pods may go (component-helpers: UpdateDisruptionAllowedCondition)."""
    condition: Tree = {"type": _ALLOWED, "status": "False"}
    if generation := status.get("observedGeneration"):
        condition["observedGeneration"] = generation
    return {**condition, "reason": "InsufficientPods", "message": ""}


def check_budget(budget: Tree, name: str) -> None:
    """Raises TooManyRequests or Forbidden (upstream: checkAndDecrement)."""
    status = budget["status"]
    cause = "DisruptionBudget"
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        detail = f"The disruption budget {name} is still being processed by the server."
        raise _too_many(cause, detail, 10)
    currently = f"The disruption budget {name} does not allow evicting pods currently"
    if status.get("disruptionsAllowed", 0) < 0:
        negative = "pdb disruptions allowed is negative"
        raise _because(errors.forbidden("policy", "poddisruptionbudget", name, negative), cause, f"{currently}: {negative}")
    if len(status.get("disruptedPods", {})) > _MAX_DISRUPTED:
        too_big = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        pending = "too many pending evictions not confirmed by PDB controller"
        raise _because(errors.forbidden("policy", "poddisruptionbudget", name, too_big), cause, f"{currently}: {pending}")
    if status.get("disruptionsAllowed", 0) == 0:
        raise _too_many(cause, _why_none(name, status, currently), 0)


def _why_none(name: str, status: Tree, currently: str) -> str:
    """A sync that failed, too few healthy pods, or what the budget's condition says."""
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    condition = meta.find_condition(status.get("conditions") or (), _ALLOWED) or {}
    told = condition.get("status") == "False" and condition.get("message")
    if told and condition["reason"] == "SyncFailed":
        return f"{currently} because it failed sync: {told}"
    if healthy <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
    return f"{currently} ({condition['reason']}): {told}" if told else currently


def _too_many(reason: str, detail: str, retry: int) -> errors.StatusError:
    return _because(errors.too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", retry), reason, detail)


def _because(error: errors.StatusError, reason: str, detail: str) -> errors.StatusError:
    details = dict(error.details or {})
    after = {"retryAfterSeconds": details.pop("retryAfterSeconds")} if "retryAfterSeconds" in details else {}
    error.details = {**details, "causes": [{"reason": reason, "message": detail}], **after}
    return error
