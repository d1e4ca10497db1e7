"""pods/eviction: deletes a pod if its disruption budgets allow. Upstream: pkg/registry/core/pod/storage/eviction.go."""

from __future__ import annotations

from kcompat.admission.interface import CREATE
from kcompat.api import body, parameters, respond
from kcompat.api.actions.trusted import TRUSTED
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.selectors import from_label_selector
from kcompat.registry import deletion
from kcompat.registry.store import Store

_MAX_DISRUPTED = 2000
_ALSO = ("policy/v1beta1",)  # eviction.go:AcceptsGroupVersion


async def create(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    dry_run = body.validate_write_options(request, "CreateOptions")
    eviction = await body.read_object(request, "policy", "v1", "Eviction", _ALSO)
    own = eviction["metadata"].get("name", "")
    if own and own != scope.name:
        raise errors.bad_request("name in URL does not match name in Eviction object")
    attributes = scope.attributes(CREATE, request, eviction, None, dry_run=dry_run)
    await scope.services.admission.admit(attributes)
    await scope.services.admission.validate(attributes)
    document = eviction.get("deleteOptions") or {}
    options = parameters.delete_options({**document, "dryRun": ["All"]} if dry_run else document)
    pod = (await scope.store.get(scope.namespace, scope.name)).tree()
    if not _ignores_budgets(pod):
        await _take_from_budget(scope, pod, options.dry_run)
    await deletion.delete(scope.store, scope.namespace, scope.name, options)
    return respond.tree_response(request, errors.success(None, 201), form, 201)


def _ignores_budgets(pod: Tree) -> bool:
    """Terminal, pending or already terminating pods cost no disruption (upstream: canIgnorePDB)."""
    return pod["status"].get("phase") in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


async def _take_from_budget(scope: Scope, pod: Tree, dry_run: bool) -> None:
    """Raises TooManyRequests when the budget of the pod allows no disruption now."""
    resource = scope.services.catalog.get("policy", "v1", "poddisruptionbudgets")
    assert resource is not None
    store = scope.services.stores(resource)
    budgets = [entry.tree() for entry in (await store.fresh()).scan(store.scope(scope.namespace))]
    labels = pod["metadata"].get("labels") or {}
    matching = [b for b in budgets if from_label_selector(b["spec"].get("selector")).matches(labels)]
    if len(matching) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise errors.internal_error(message)
    if matching:
        await _disrupt(scope, store, matching[0]["metadata"]["name"], pod, dry_run)


async def _disrupt(scope: Scope, store: Store, name: str, pod: Tree, dry_run: bool) -> None:
    now = rfc3339(scope.services.clock.now())

    async def transform(budget: Tree | None) -> Tree:
        assert budget is not None
        status = budget.setdefault("status", {})
        check_budget(budget, name)
        disrupted = {**status.get("disruptedPods", {}), pod["metadata"]["name"]: now}
        budget["status"] = {**status, "disruptionsAllowed": status["disruptionsAllowed"] - 1, "disruptedPods": disrupted}
        return budget

    await store.update(scope.namespace, name, transform, rules=TRUSTED, retry=True, dry_run=dry_run)


def check_budget(budget: Tree, name: str) -> None:
    """Raises TooManyRequests or Forbidden (upstream: checkAndDecrement)."""
    status = budget["status"]
    cause = "DisruptionBudget"
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        detail = f"The disruption budget {name} is still being processed by the server."
        raise _too_many(cause, detail, 10)
    if status.get("disruptionsAllowed", 0) < 0:
        raise errors.forbidden("policy", "poddisruptionbudget", name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods", {})) > _MAX_DISRUPTED:
        raise errors.forbidden("policy", "poddisruptionbudget", name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if status.get("disruptionsAllowed", 0) == 0:
        healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        raise _too_many(cause, f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently", 0)


def _too_many(reason: str, detail: str, retry: int) -> errors.StatusError:
    error = errors.too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", retry)
    error.details = {**(error.details or {}), "causes": [{"reason": reason, "message": detail}]}
    return error
