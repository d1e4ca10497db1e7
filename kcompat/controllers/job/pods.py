"""Makes the pods of jobs, and gives and takes the finalizer by which they are tracked (upstream: manageJob, indexed_job_utils.go)."""

from __future__ import annotations

from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.client import STRATEGIC_MERGE_PATCH
from kcompat.client.interface import Tree
from kcompat.client.resources import JOBS
from kcompat.controllers.controller import spec_of
from kcompat.controllers.job import indexes
from kcompat.controllers.job.failures import judge
from kcompat.controllers.job.plan import TRACKING, View
from kcompat.controllers.ownership import Claimer
from kcompat.controllers.pod_control import pod_from_template

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
_MAX_PREFIX = 58
"""The longest generateName that is used in full."""
WITHOUT_TRACKING: Tree = {"metadata": {"$deleteFromPrimitiveList/finalizers": [TRACKING]}}


class JobClaimer(Claimer):
    """Adopted pods get the finalizer, released ones lose it."""

    async def _patch(self, tree: Tree, reference: Tree) -> None:
        metadata: Tree = {"ownerReferences": [reference], "uid": meta.uid(tree)}
        if reference.get("$patch") == "delete":
            metadata |= WITHOUT_TRACKING["metadata"]
        else:
            metadata["finalizers"] = [TRACKING]
        await self._claimed.patch(meta.name(tree), {"metadata": metadata}, meta.namespace(tree), content_type=STRATEGIC_MERGE_PATCH)


def adopted(job: Tree, pod: Tree) -> Tree:
    """The pod as it is after its adoption, which the cache does not know yet."""
    if any(owner["uid"] == meta.uid(job) for owner in meta.owner_references(pod)):
        return pod
    return meta.with_finalizers(pod, [*meta.finalizers(pod), TRACKING])


def new_pod(job: Tree) -> Tree:
    """A pod of a job without indexes, or what all pods of an indexed one have in common."""
    pod = pod_from_template(spec_of(job).get("template") or {}, job, JOBS)
    finalizers = meta.finalizers(pod)
    return pod if TRACKING in finalizers else meta.with_finalizers(pod, [*finalizers, TRACKING])


def new_indexed_pod(view: View, pod: Tree, index: int) -> Tree:
    """`pod` for one index: its annotation, label, host name, variable and prefix of the name."""
    annotations = {indexes.INDEX: str(index)} | _failure_counts(view, index)
    pod = meta.with_annotations(meta.with_labels(pod, {indexes.INDEX: str(index)}), annotations)
    name, suffix = meta.name(view.job), f"-{index}-"
    pod = meta.with_metadata(pod, generateName=name[: _MAX_PREFIX - len(suffix)] + suffix)
    spec = {**pod["spec"], "hostname": f"{name}-{index}"}
    for key in ("initContainers", "containers"):
        if spec.get(key):
            spec[key] = [_with_variable(container) for container in spec[key]]
    return {**pod, "spec": spec}


def _with_variable(container: dict[str, Any]) -> Tree:
    present = container.get("env") or []
    if any(variable["name"] == INDEX_VARIABLE for variable in present):
        return container
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{indexes.INDEX}']"}}
    return {**container, "env": [*present, {"name": INDEX_VARIABLE, "valueFrom": source}]}


def _failure_counts(view: View, index: int) -> dict[str, str]:
    """How often the index failed so far, where that is counted (upstream: getNewIndexFailureCounts)."""
    if view.per_index is None:
        return {}
    replaced = view.awaiting_replacement.get(index)
    if replaced is None:
        return {indexes.FAILURE_COUNT: "0"}
    counts = judge(view.policy, replaced).counted
    ignored = indexes.ignored_failure_count(replaced) + (not counts)
    found = {indexes.FAILURE_COUNT: str(indexes.failure_count(replaced) + counts)}
    return found | ({indexes.IGNORED_FAILURE_COUNT: str(ignored)} if ignored else {})
