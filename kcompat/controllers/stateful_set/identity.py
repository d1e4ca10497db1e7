"""What makes a pod the n-th of its stateful set: its name, labels and volumes. Pure. Called by plan, claims and controller.

Upstream: pkg/controller/statefulset/stateful_set_utils.go.
"""

from __future__ import annotations

import re

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree
from kcompat.client.resources import STATEFUL_SETS
from kcompat.controllers.controller import spec_of
from kcompat.controllers.pod_control import pod_from_template

NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"
_POD_NAME = re.compile(r"(.*)-([0-9]+)$", re.DOTALL)
_MAX_ORDINAL = 2**31 - 1


def parent_and_ordinal(pod: Tree) -> tuple[str, int]:
    """The name of the set a pod's name speaks of, and its place there; -1: it has none."""
    found = _POD_NAME.match(meta.name(pod))
    if found is None:
        return "", -1
    ordinal = int(found[2])
    return found[1], ordinal if ordinal <= _MAX_ORDINAL else -1


def ordinal(pod: Tree) -> int:
    return parent_and_ordinal(pod)[1]


def replicas(stateful_set: Tree) -> int:
    return int(spec_of(stateful_set).get("replicas", 1))


def start(stateful_set: Tree) -> int:
    return int((spec_of(stateful_set).get("ordinals") or {}).get("start") or 0)


def ordinals(stateful_set: Tree) -> range:
    first = start(stateful_set)
    return range(first, first + replicas(stateful_set))


def is_member(stateful_set: Tree, pod: Tree) -> bool:
    return parent_and_ordinal(pod)[0] == meta.name(stateful_set)


def revision_of(pod: Tree) -> str:
    """The name of the revision it was made from."""
    return meta.labels(pod).get(REVISION_LABEL, "")


def identity_matches(stateful_set: Tree, pod: Tree) -> bool:
    parent, place = parent_and_ordinal(pod)
    name = meta.name(pod)
    same_place = meta.namespace(pod) == meta.namespace(stateful_set) and name == f"{parent}-{place}"
    return place >= 0 and parent == meta.name(stateful_set) and same_place and meta.labels(pod).get(NAME_LABEL) == name


def claim_name(stateful_set: Tree, template: Tree, place: int) -> str:
    return f"{meta.name(template)}-{meta.name(stateful_set)}-{place}"


def templates(stateful_set: Tree) -> list[Tree]:
    return list(spec_of(stateful_set).get("volumeClaimTemplates") or ())


def claim_names(stateful_set: Tree, place: int) -> list[str]:
    return [claim_name(stateful_set, template, place) for template in templates(stateful_set)]


def claims(stateful_set: Tree, place: int) -> list[Tree]:
    """The claims that the pod of this place needs, as they are created."""
    selected = (spec_of(stateful_set).get("selector") or {}).get("matchLabels") or {}
    return [
        meta.with_metadata(
            template,
            name=claim_name(stateful_set, template, place),
            namespace=meta.namespace(stateful_set),
            labels={**meta.labels(template), **selected},
        )
        for template in templates(stateful_set)
    ]


def storage_matches(stateful_set: Tree, pod: Tree) -> bool:
    """Do its volumes name the claims of its place?"""
    place = ordinal(pod)
    volumes = {volume["name"]: volume for volume in spec_of(pod).get("volumes") or ()}
    return place >= 0 and all(
        ((volumes.get(meta.name(template)) or {}).get("persistentVolumeClaim") or {}).get("claimName")
        == claim_name(stateful_set, template, place)
        for template in templates(stateful_set)
    )


def new_pod(stateful_set: Tree, place: int, revision: str) -> Tree:
    """The pod of this place from the set's template (upstream: newStatefulSetPod)."""
    made = pod_from_template(spec_of(stateful_set).get("template") or {}, stateful_set, STATEFUL_SETS)
    name = f"{meta.name(stateful_set)}-{place}"
    labels = {**meta.labels(made), NAME_LABEL: name, INDEX_LABEL: str(place), REVISION_LABEL: revision}
    metadata = {key: value for key, value in made["metadata"].items() if key != "generateName"}
    metadata |= {"name": name, "namespace": meta.namespace(stateful_set), "labels": labels}
    spec = {**made["spec"], "hostname": name}
    if service := spec_of(stateful_set).get("serviceName"):
        spec["subdomain"] = service
    return with_storage(stateful_set, {**made, "metadata": metadata, "spec": spec})


def with_storage(stateful_set: Tree, pod: Tree) -> Tree:
    """The pod with volumes for the claims of its place instead of others of these names (upstream: updateStorage)."""
    wanted = templates(stateful_set)
    if not wanted:
        return pod
    ours = [
        {"name": meta.name(template), "persistentVolumeClaim": {"claimName": claim_name(stateful_set, template, ordinal(pod))}}
        for template in wanted
    ]
    names = {volume["name"] for volume in ours}
    others = [volume for volume in spec_of(pod).get("volumes") or () if volume["name"] not in names]
    return {**pod, "spec": {**spec_of(pod), "volumes": [*ours, *others]}}


def with_identity(stateful_set: Tree, pod: Tree) -> Tree:
    """The pod with the labels of its place (upstream: updateIdentity); names cannot change."""
    place = ordinal(pod)
    return meta.with_labels(pod, {NAME_LABEL: f"{meta.name(stateful_set)}-{place}", INDEX_LABEL: str(place)})
