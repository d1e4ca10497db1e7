"""Which replica set carries which revision of a deployment's pod template, and the annotations that say so. Pure. Called by sync.

Upstream: pkg/controller/deployment/sync.go, util/deployment_util.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree
from kcompat.client.resources import DEPLOYMENTS
from kcompat.controllers.controller import spec_of
from kcompat.controllers.hashing import content_hash

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
ROLLBACK_TO = "deprecated.deployment.rollback.to"
HASH_LABEL = "pod-template-hash"

NOT_COPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO}
)
MAX_HISTORY = 2000
"""Characters of the revision history annotation."""
MAX_NAME = 253


def revision_of(tree: Tree) -> int | None:
    """The revision annotation; 0 without one, None if it is no number."""
    text = meta.annotations(tree).get(REVISION, "0")
    try:
        return int(text)
    except ValueError:
        return None


def max_revision(replica_sets: Iterable[Tree]) -> int:
    return max((revision_of(item) or 0 for item in replica_sets), default=0)


def last_revision(replica_sets: Iterable[Tree]) -> int:
    """The one before the highest; 0 if there is none (upstream: LastRevision)."""
    known = sorted((revision for item in replica_sets if (revision := revision_of(item)) is not None), reverse=True)
    return max(known[1], 0) if len(known) > 1 else 0


def same_template(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Equal but for the hash label; what is empty equals what is absent (upstream: EqualIgnoreHash)."""
    a, b = _without_hash(a), _without_hash(b)
    return a == b or _pruned(a) == _pruned(b)


def _without_hash(template: Mapping[str, Any]) -> Tree:
    labels = {key: value for key, value in meta.labels(template).items() if key != HASH_LABEL}
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if key != "labels" and value is not None}
    return {**template, "metadata": metadata | ({"labels": labels} if labels else {})}


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        pruned = {key: _pruned(item) for key, item in value.items()}
        return {key: item for key, item in pruned.items() if item is not None and item != []}
    return [_pruned(item) for item in value] if isinstance(value, list) else value


def find_new(deployment: Tree, oldest_first: Sequence[Tree]) -> Tree | None:
    """The replica set with the deployment's template; the oldest, should there be several (upstream: FindNewReplicaSet)."""
    template = spec_of(deployment).get("template") or {}
    return next((item for item in oldest_first if same_template(spec_of(item).get("template") or {}, template)), None)


def make(deployment: Tree, replicas: int, surge: int, revision: int) -> Tree:
    """The new replica set of a deployment, to be created (upstream: getNewReplicaSet)."""
    spec = spec_of(deployment)
    template, selector = spec.get("template") or {}, spec.get("selector") or {}
    digest = content_hash(template, (deployment.get("status") or {}).get("collisionCount"))
    labels = {**meta.labels(template), HASH_LABEL: digest}
    name = f"{meta.name(deployment)[: MAX_NAME - 1 - len(digest)]}-{digest}"
    metadata: Tree = {
        "name": name,
        "namespace": meta.namespace(deployment),
        "labels": labels,
        "ownerReferences": [meta.controller_reference(deployment, DEPLOYMENTS.api_version, DEPLOYMENTS.kind)],
    }
    made_spec: Tree = {
        "replicas": replicas,
        "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: digest}},
        "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
    }
    if spec.get("minReadySeconds"):
        made_spec["minReadySeconds"] = spec["minReadySeconds"]
    made: Tree = {"metadata": metadata, "spec": made_spec}
    annotations = annotations_of_new(deployment, made, revision) | replica_annotations(deployment, surge)
    return {**made, "metadata": {**metadata, "annotations": annotations}}


def replica_annotations(deployment: Tree, surge: int) -> dict[str, str]:
    """What a replica set is told of its deployment's size; scaling is seen by comparing it."""
    replicas = spec_of(deployment).get("replicas", 1)
    return {DESIRED_REPLICAS: str(replicas), MAX_REPLICAS: str(replicas + surge)}


def annotations_of_new(deployment: Tree, replica_set: Tree, revision: int) -> dict[str, str]:
    """The annotations the new replica set is to have: the deployment's, and a revision above all others'; one that had a revision before,
    because of a rollback, keeps it as history (upstream: SetNewReplicaSetAnnotations)."""
    present = dict(meta.annotations(replica_set))
    wanted = present | {key: value for key, value in meta.annotations(deployment).items() if key not in NOT_COPIED}
    old = present.get(REVISION, "")
    known = revision_of(replica_set)
    if known is None or known >= revision:
        return wanted
    wanted[REVISION] = str(revision)
    if REVISION in present:
        wanted[REVISION_HISTORY] = _history(present.get(REVISION_HISTORY, ""), old)
    return wanted


def _history(history: str, revision: str) -> str:
    """Appends, dropping the oldest entries when that gets too long."""
    entries = history.split(",") if history else []
    while entries and len(",".join([*entries, revision])) > MAX_HISTORY:
        entries.pop(0)
    return ",".join([*entries, revision])


def rolled_back(deployment: Tree, replica_set: Tree) -> Tree:
    """The deployment with the template and the annotations of an earlier replica set (upstream: rollbackToTemplate)."""
    template = spec_of(replica_set).get("template") or {}
    annotations = {key: value for key, value in meta.annotations(deployment).items() if key in NOT_COPIED}
    annotations |= {key: value for key, value in meta.annotations(replica_set).items() if key not in NOT_COPIED}
    changed = {**deployment, "spec": {**spec_of(deployment), "template": _without_hash(template)}}
    return meta.with_metadata(changed, annotations=annotations)
