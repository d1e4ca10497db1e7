"""pods/binding and bindings: gives a pod its node. Upstream: pkg/registry/core/pod/storage/storage.go:BindingREST."""

from __future__ import annotations

from kcompat.admission.interface import CREATE
from kcompat.api import body, respond
from kcompat.api.actions.trusted import TRUSTED
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs.create import check_namespace
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.field import FieldError, Path, aggregate, invalid, not_supported, required
from kcompat.apimachinery.names import name_is_dns_subdomain
from kcompat.registry.store import Preconditions


async def create(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=False)
    dry_run = body.validate_write_options(request, "CreateOptions")
    binding = await body.read_object(request, "", "v1", "Binding")
    check_namespace(binding, scope.namespace)
    name = scope.name
    if not name:  # the older way, where system fields of the Binding itself do not count (rest.WipeObjectMetaSystemFields)
        name = binding["metadata"].get("name", "")
        binding["metadata"].pop("uid", None)
    attributes = scope.attributes(CREATE, request, binding, None, dry_run=dry_run)
    await scope.services.admission.admit(attributes)
    check(binding, name)
    await scope.services.admission.validate(attributes)
    await bind(request, scope, name, binding, dry_run)
    answer = errors.success(None, 201)
    return respond.tree_response(request, answer, form, 201)


def check(binding: Tree, name: str) -> None:
    """Raises BadRequest, and InternalError for what ValidatePodBinding finds: upstream makes no Status of it."""
    found: list[FieldError] = []
    if binding["metadata"].get("name", "") != name:
        raise errors.bad_request("name in URL does not match name in Binding object")
    target, path = binding.get("target", {}), Path("target")
    if target.get("kind") not in (None, "", "Node"):
        found.append(not_supported(path.child("kind"), target["kind"], ["Node", "<empty>"]))
    if not target.get("name"):
        found.append(required(path.child("name")))
    elif target.get("kind") in (None, "", "Node"):
        found += [invalid(path.child("name"), target["name"], why) for why in name_is_dns_subdomain(target["name"])]
    if found:
        raise errors.StatusError(500, "", aggregate(found))
    if not name:
        raise errors.bad_request("Name parameter required.")


async def bind(request: Request, scope: Scope, name: str, binding: Tree, dry_run: bool) -> None:
    """Raises Conflict when the pod has a node, is gated or is being deleted."""
    services = scope.services
    pods = services.catalog.get("", "v1", "pods")
    assert pods is not None
    metadata = binding["metadata"]
    node = binding["target"]["name"]
    now = rfc3339(services.clock.now())

    async def transform(pod: Tree | None) -> Tree:
        assert pod is not None
        return assigned(pod, node, metadata, now)

    store = services.stores(pods)
    wanted = Preconditions(metadata.get("uid") or None, metadata.get("resourceVersion") or None)
    await store.update(scope.namespace, name, transform, rules=TRUSTED, preconditions=wanted, retry=True, dry_run=dry_run)


def assigned(pod: Tree, node: str, metadata: Tree, now: str) -> Tree:
    """The pod (a private copy) on the node: nodeName, the binding's annotations and labels, PodScheduled true."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    why = ""
    if pod["metadata"].get("deletionTimestamp"):
        why = f"pod {name} is being deleted, cannot be assigned to a host"
    elif spec.get("nodeName"):
        why = f'pod {name} is already assigned to node "{spec["nodeName"]}"'
    elif spec.get("schedulingGates"):
        why = f"pod {name} has non-empty .spec.schedulingGates"
    if why:
        raise errors.conflict("", "pods/binding", name, why)
    spec["nodeName"] = node
    for field in ("annotations", "labels"):
        if metadata.get(field):
            pod["metadata"][field] = {**pod["metadata"].get(field, {}), **metadata[field]}
    pod["status"]["conditions"] = meta.set_pod_condition(meta.conditions(pod), {"type": "PodScheduled", "status": "True"}, now)
    return pod
