"""What is done with each manifest: groups of kubectl commands. Called by `runner.py`.

A group is a function of kubectl and the manifest that raises `Failed` with the first command that went wrong, and `Skip` when nothing in
the manifest is of a kind it concerns. Groups run in the order of STEPS on the objects the first one made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from conformance.manifests.kubectl import Failed, Kubectl
from conformance.manifests.sources import Manifest, Ref

SCALABLE = frozenset(("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"))
ROLLED_OUT = frozenset(("Deployment", "DaemonSet", "StatefulSet"))
EXPOSED = frozenset(("Pod", "Deployment", "ReplicaSet", "ReplicationController", "Service"))
TEMPLATED = frozenset(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "CronJob"))

FILE = "manifest.yaml"
"""The manifest, in the directory kubectl runs in."""

Step = Callable[[Kubectl, Manifest], None]


class Skip(Exception):
    """Nothing in the manifest is of a kind the group concerns."""


def _of(manifest: Manifest, kinds: frozenset[str]) -> Iterator[Ref]:
    chosen = [ref for ref in manifest.refs if ref.kind in kinds and ref.name]
    if not chosen:
        raise Skip
    yield from chosen


def _at(ref: Ref) -> tuple[str, ...]:
    return (ref.argument, *(("--namespace", ref.namespace) if ref.namespace else ()))


def apply(kubectl: Kubectl, manifest: Manifest) -> None:
    """Made, and unchanged by applying again; also what apply remembers can be seen."""
    kubectl("apply", "-f", FILE)
    kubectl("apply", "-f", FILE)
    kubectl("apply", "view-last-applied", "-f", FILE)


def get(kubectl: Kubectl, manifest: Manifest) -> None:
    for output in ("yaml", "json", "name", "wide", "jsonpath={..metadata.name}", "custom-columns=N:.metadata.name"):
        kubectl("get", "-f", FILE, "-o", output)
    kubectl("get", "-f", FILE, "--show-labels", "--show-kind")


def watch(kubectl: Kubectl, manifest: Manifest) -> None:
    for ref in manifest.refs:
        kubectl.watch("get", *_at(ref), "-w")
        kubectl.watch("get", *_at(ref), "-w", "-o", "json", "--output-watch-events")


def wait(kubectl: Kubectl, manifest: Manifest) -> None:
    conditions = {"Pod": "Ready", "Deployment": "Available"}
    for ref in manifest.refs:
        kubectl("wait", *_at(ref), "--for=create", "--timeout=5s")
        kubectl("wait", *_at(ref), f"--for=jsonpath={{.metadata.name}}={ref.name}", "--timeout=5s")
        if ref.kind in conditions:
            kubectl("wait", *_at(ref), f"--for=condition={conditions[ref.kind]}", "--timeout=15s")


def describe(kubectl: Kubectl, manifest: Manifest) -> None:
    kubectl("describe", "-f", FILE)


def label(kubectl: Kubectl, manifest: Manifest) -> None:
    kubectl("label", "-f", FILE, "conformance=one")
    kubectl("label", "-f", FILE, "conformance=two", codes=(1,))
    kubectl("label", "-f", FILE, "conformance=two", "--overwrite")
    kubectl("label", "-f", FILE, "conformance-")


def annotate(kubectl: Kubectl, manifest: Manifest) -> None:
    kubectl("annotate", "-f", FILE, "example.com/conformance=one")
    kubectl("annotate", "-f", FILE, "example.com/conformance=two", "--overwrite")
    kubectl("annotate", "-f", FILE, "example.com/conformance-")


def patch(kubectl: Kubectl, manifest: Manifest) -> None:
    for ref in manifest.refs:
        kubectl("patch", *_at(ref), "--patch", '{"metadata":{"annotations":{"example.com/edited":"no"}}}', "--type", _patch_type(ref))
        kubectl("patch", *_at(ref), "--type=merge", "--patch", '{"metadata":{"annotations":{"a":"b"}}}')
        kubectl("patch", *_at(ref), "--type=json", "--patch", '[{"op":"remove","path":"/metadata/annotations/a"}]')


def _patch_type(ref: Ref) -> str:
    return "merge" if ref.group.endswith(".com") or (ref.group.endswith(".io") and ref.kind in ("Foo", "Bar", "Example")) else "strategic"


def diff(kubectl: Kubectl, manifest: Manifest) -> None:
    """1 says that there are differences, as there are since the patches."""
    kubectl("diff", "-f", FILE, codes=(0, 1))


def edit(kubectl: Kubectl, manifest: Manifest) -> None:
    """The annotation that `patch` left is changed."""
    for ref in manifest.refs:
        kubectl("edit", *_at(ref), editor='sed -i -e \'s#example.com/edited: "no"#example.com/edited: "yes"#\'')
        found = json.loads(kubectl("get", *_at(ref), "-o", "json", quiet=True))["metadata"]["annotations"]
        if found.get("example.com/edited") != "yes":
            raise Failed(f"edit: {ref.argument} was not changed")


def server_side(kubectl: Kubectl, manifest: Manifest) -> None:
    """Another field manager conflicts with who applied and set before, unless it forces its way."""
    kubectl("diff", "-f", FILE, "--server-side", "--force-conflicts", codes=(0, 1))
    kubectl("apply", "-f", FILE, "--server-side", "--field-manager=other", codes=(0, 1))
    kubectl("apply", "-f", FILE, "--server-side", "--field-manager=other", "--force-conflicts")
    kubectl("apply", "-f", FILE, "--server-side", "--force-conflicts", "--dry-run=server")
    kubectl("get", "-f", FILE, "-o", "yaml", "--show-managed-fields")
    kubectl("apply", "set-last-applied", "-f", FILE, "--create-annotation")


def set_(kubectl: Kubectl, manifest: Manifest) -> None:
    for ref in _of(manifest, TEMPLATED):
        kubectl("set", "env", *_at(ref), "A=b")
        kubectl("set", "image", *_at(ref), "*=example.com/image:2")
        kubectl("set", "resources", *_at(ref), "--requests=cpu=1m")
        kubectl("set", "serviceaccount", *_at(ref), "default")


def scale(kubectl: Kubectl, manifest: Manifest) -> None:
    for ref in _of(manifest, SCALABLE):
        kubectl("scale", *_at(ref), "--replicas=2")
        kubectl("scale", *_at(ref), "--current-replicas=2", "--replicas=1")
        kubectl("get", *_at(ref), "--subresource=scale")


def autoscale(kubectl: Kubectl, manifest: Manifest) -> None:
    for ref in _of(manifest, SCALABLE):
        kubectl("autoscale", *_at(ref), "--max=3", "--name=conformance")
        kubectl("get", "hpa", "conformance", *_at(ref)[1:])
        kubectl("delete", "hpa", "conformance", *_at(ref)[1:])


def rollout(kubectl: Kubectl, manifest: Manifest) -> None:
    for ref in _of(manifest, ROLLED_OUT):
        kubectl("rollout", "status", *_at(ref), "--timeout=20s")
        kubectl("rollout", "restart", *_at(ref))
        kubectl("rollout", "status", *_at(ref), "--timeout=20s")
        kubectl("rollout", "history", *_at(ref))
        kubectl("rollout", "history", *_at(ref), "--revision=1")
        kubectl("rollout", "undo", *_at(ref))
        kubectl("rollout", "status", *_at(ref), "--timeout=20s")
        if ref.kind == "Deployment":
            kubectl("rollout", "pause", *_at(ref))
            kubectl("rollout", "resume", *_at(ref))


def expose(kubectl: Kubectl, manifest: Manifest) -> None:
    for ref in _of(manifest, EXPOSED):
        kubectl("expose", *_at(ref), "--port=80", "--target-port=8000", "--name=conformance")
        kubectl("get", "service", "conformance", *_at(ref)[1:], "-o", "wide")
        kubectl("delete", "service", "conformance", *_at(ref)[1:])


def replace(kubectl: Kubectl, manifest: Manifest) -> None:
    kubectl("replace", "-f", FILE)


def delete(kubectl: Kubectl, manifest: Manifest) -> None:
    """And they are gone when kubectl says so."""
    kubectl("delete", "-f", FILE, "--timeout=20s")
    kubectl("get", "-f", FILE, codes=(1,))


def create(kubectl: Kubectl, manifest: Manifest) -> None:
    """After they are gone: made otherwise than by apply, and made anew."""
    kubectl("create", "-f", FILE, "--save-config")
    kubectl("create", "-f", FILE, codes=(1,))
    kubectl("replace", "-f", FILE, "--force", "--timeout=20s")
    kubectl("delete", "-f", FILE, "--wait=false")


STEPS: dict[str, Step] = {
    "apply": apply,
    "get": get,
    "watch": watch,
    "wait": wait,
    "describe": describe,
    "label": label,
    "annotate": annotate,
    "patch": patch,
    "diff": diff,
    "edit": edit,
    "server-side": server_side,
    "set": set_,
    "scale": scale,
    "autoscale": autoscale,
    "rollout": rollout,
    "expose": expose,
    "replace": replace,
    "delete": delete,
    "create": create,
}
