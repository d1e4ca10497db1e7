"""Which tokens and certificates a kubelet may ask for: those of service accounts whose pods it runs, for what the pods mount.

Called by the NodeRestriction plugin. Upstream: plugin/pkg/admission/noderestriction/admission.go (admitServiceAccount,
admitPodCertificateRequest).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from kcompat.admission.denial import failure, forbidden
from kcompat.admission.interface import Access, Attributes, Services
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.pod_references import is_mirror
from kcompat.apimachinery.quote import quote

Tree = Mapping[str, Any]


async def check_token(services: Services, node: str, attributes: Attributes) -> None:
    """A TokenRequest: bound to a pod of this node, for an audience that the pod mounts. Raises StatusError."""
    spec = (attributes.object or {}).get("spec") or {}
    bound = spec.get("boundObjectRef") or {}
    if bound.get("apiVersion") != "v1" or bound.get("kind") != "Pod" or not bound.get("name"):
        raise forbidden(attributes, "node requested token not bound to a pod")
    if not bound.get("uid"):
        raise forbidden(attributes, "node requested token with a pod binding without a uid")
    pod = await services.reader.get("", "pods", attributes.namespace, bound["name"])
    if pod is None:
        raise errors.not_found("", "pod", bound["name"])
    if bound["uid"] != meta.uid(pod):
        problem = "does not match the UID in record. The object might have been deleted and then recreated"
        raise forbidden(attributes, f"the UID in the bound object reference ({bound['uid']}) {problem}")
    if (pod.get("spec") or {}).get("nodeName") != node:
        raise forbidden(attributes, "node requested token bound to a pod scheduled on a different node")
    if problem := await _audience_problem(services, attributes, pod, spec.get("audiences") or ()):
        raise forbidden(attributes, problem)


async def _audience_problem(services: Services, attributes: Attributes, pod: Tree, audiences: Sequence[str]) -> str:
    absent: list[errors.StatusError] = []
    if len(audiences) > 1:
        return "node may only request 0 or 1 audiences"
    wanted = audiences[0] if audiences else ""
    if any(source.get("audience", "") == wanted for source in _projected(pod, "serviceAccountToken")):
        return ""
    async for driver in _drivers(services, pod, absent):
        requested = (driver.get("spec") or {}).get("tokenRequests") or ()
        if any(request.get("audience", "") == wanted for request in requested):
            return ""
    if absent:
        return f"error validating audience {quote(wanted)}: {absent[0]}"
    verb = "request-serviceaccounts-token-audience"
    if await _may(services, attributes, verb, wanted, attributes.name):
        return ""
    return f"{attributes.user.name} is not authorized to request tokens for audience {quote(wanted)}"


async def _drivers(services: Services, pod: Tree, absent: list[errors.StatusError]) -> AsyncIterator[Tree]:
    """The CSI drivers of the pod's volumes; what is not found on the way there is added to `absent`."""

    async def found(group: str, resource: str, namespace: str, name: str) -> Tree:
        tree = await services.reader.get(group, resource, namespace, name)
        if tree is None:
            singular = f"{resource.removesuffix('s')}.{group}" if group else resource.removesuffix("s")
            absent.append(errors.not_found("", singular, name))
        return tree or {}

    for volume in (pod.get("spec") or {}).get("volumes") or ():
        name = (volume.get("csi") or {}).get("driver", "")
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
        if (volume.get("ephemeral") or {}).get("volumeClaimTemplate") is not None:
            claim = f"{meta.name(pod)}-{volume.get('name', '')}"
        if claim and (bound := await found("", "persistentvolumeclaims", meta.namespace(pod), claim)):
            mounted = await found("", "persistentvolumes", "", (bound.get("spec") or {}).get("volumeName", ""))
            name = ((mounted.get("spec") or {}).get("csi") or {}).get("driver", "")
        if name and (driver := await found("storage.k8s.io", "csidrivers", "", name)):
            yield driver


async def check_pod_certificate(services: Services, node: str, attributes: Attributes) -> None:
    """A PodCertificateRequest: for a pod of this node, its service account, and a signer that the pod mounts. Raises StatusError."""
    spec = (attributes.object or {}).get("spec") or {}
    space, pod_name, account_name = attributes.namespace, spec.get("podName", ""), spec.get("serviceAccountName", "")
    where, of = f"{space}/{pod_name}", f"PodCertificateRequest for pod {quote(f'{space}/{pod_name}')}"
    if spec.get("nodeName") != node:
        problem = f"PodCertificateRequest.Spec.NodeName={quote(spec.get('nodeName', ''))}, which is not the requesting node {quote(node)}"
        raise forbidden(attributes, problem)
    # What may be a matter of caches that lag behind is no refusal but a failure, which kubelets try again.
    own = await _named(services, "nodes", "", node, f"node {quote(node)}")
    if meta.uid(own) != spec.get("nodeUID", ""):
        uids = f"names node UID {quote(spec.get('nodeUID', ''))}, inconsistent with the running node ({quote(meta.uid(own))})"
        raise failure(f"{of} {uids}")
    pod = await _named(services, "pods", space, pod_name, f"pod {quote(where)}")
    if meta.uid(pod) != spec.get("podUID", ""):
        uids = f"contains pod UID ({quote(spec.get('podUID', ''))}) which differs from running pod {quote(meta.uid(pod))}"
        raise failure(f"{of} {uids}")
    running = pod.get("spec") or {}
    if running.get("nodeName") != node:
        problem = f"pod {quote(where)} is not running on node {quote(node)} named in the PodCertificateRequest"
        raise forbidden(attributes, problem)
    if is_mirror(pod):
        raise forbidden(attributes, f"pod {quote(where)} is a mirror pod")
    if account_name != running.get("serviceAccountName", ""):
        names = f"({quote(account_name)}) that differs from running pod ({quote(running.get('serviceAccountName', ''))})"
        raise forbidden(attributes, f"{of} contains serviceAccountName {names}")
    account = await _named(services, "serviceaccounts", space, account_name, f"service account {quote(f'{space}/{account_name}')}")
    if meta.uid(account) != spec.get("serviceAccountUID", ""):
        uids = f"{quote(spec.get('serviceAccountUID', ''))}, which differs from the running service account ({quote(meta.uid(account))})"
        raise failure(f"{of} names service account UID {uids}")
    await _check_signer(services, attributes, pod, where, spec.get("signerName", ""), account_name)


async def _check_signer(services: Services, attributes: Attributes, pod: Tree, where: str, signer: str, account: str) -> None:
    if any(source.get("signerName") == signer for source in _projected(pod, "podCertificate")):
        return
    # RBAC cannot name what holds a slash.
    verb, resource = "request-serviceaccounts-podcertificate-signer", signer.replace("/", ":")
    if not await _may(services, attributes, verb, resource, account):
        raise forbidden(attributes, f"pod {quote(where)} does not mount a podCertificate projected volume for signer {quote(signer)}")


async def _named(services: Services, resource: str, namespace: str, name: str, what: str) -> Tree:
    tree = await services.reader.get("", resource, namespace, name)
    if tree is None:
        absent = errors.not_found("", resource.removesuffix("s"), name)
        raise failure(f"while retrieving {what} named in the PodCertificateRequest: {absent}")
    return tree


async def _may(services: Services, attributes: Attributes, verb: str, resource: str, name: str) -> bool:
    access = Access(attributes.user, verb, attributes.group, resource, "", attributes.namespace, name)
    return (await services.authorize(access))[0]


def _projected(pod: Tree, kind: str) -> Iterator[Tree]:
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get(kind) is not None:
                yield source[kind]
