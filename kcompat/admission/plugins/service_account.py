"""Gives pods their service account and its token (upstream: plugin/pkg/admission/serviceaccount/admission.go)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from kcompat.admission.denial import failure, forbidden
from kcompat.admission.interface import CREATE, UPDATE, Attributes, MutatingPlugin, Services, Tree, ValidatingPlugin, on
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.following import key_of
from kcompat.apimachinery.pod_references import is_mirror, references

DEFAULT = "default"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
TOKEN_SECONDS = 3607
"""Marks a token whose real lifetime the API server may extend (upstream: WarnOnlyBoundTokenExpirationSeconds)."""
ENFORCE = "kubernetes.io/enforce-mountable-secrets"
PATIENCE = 1.5
"""Seconds to wait for the controller that makes every namespace's default service account."""

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))


class ServiceAccount(MutatingPlugin, ValidatingPlugin):
    name = "ServiceAccount"
    handles = on(CREATE, UPDATE)
    resources = ("pods", "pods/ephemeralcontainers")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._awaited: dict[tuple[str, str], asyncio.Event] = {}
        self._listening = False

    async def admit(self, attributes: Attributes) -> None:
        pod = attributes.object
        if attributes.operation != CREATE or attributes.subresource or pod is None:
            return
        if is_mirror(pod):  # the kubelet would delete a mirror pod that differs from its own
            _check_mirror(attributes, pod)
            return
        spec = pod.setdefault("spec", {})
        if not spec.get("serviceAccountName"):
            spec["serviceAccountName"] = spec["serviceAccount"] = DEFAULT
        account = await self._account(attributes, spec["serviceAccountName"])
        if _automounts(account, spec):
            self._mount_token(spec)
        if not spec.get("imagePullSecrets") and (pull := account.get("imagePullSecrets")):
            spec["imagePullSecrets"] = [{"name": secret.get("name", "")} for secret in pull]

    async def validate(self, attributes: Attributes) -> None:
        pod = attributes.object
        if pod is None or (attributes.operation == UPDATE) != (attributes.subresource == "ephemeralcontainers"):
            return
        spec = pod.get("spec") or {}
        if attributes.operation == CREATE and is_mirror(pod):
            _check_mirror(attributes, pod)
            return
        name = spec.get("serviceAccountName")
        if not name:
            raise forbidden(attributes, f"no service account specified for pod {attributes.namespace}/{meta.name(pod)}")
        account = await self._account(attributes, name)
        if meta.annotations(account).get(ENFORCE) not in _TRUE:
            return
        kinds = (("ephemeral container", "ephemeralContainers"),) if attributes.subresource else _CONTAINERS
        if problem := next(_unmountable(account, spec, kinds, whole=not attributes.subresource), ""):
            raise failure(problem) if attributes.subresource else forbidden(attributes, problem)

    async def _account(self, attributes: Attributes, name: str) -> Mapping[str, Any]:
        """Raises Forbidden if there is none; the default one is waited for, as a controller makes it."""
        namespace = attributes.namespace
        account: Mapping[str, Any] | None = await self.reader.get("", "serviceaccounts", namespace, name)
        if account is None and name == DEFAULT:
            account = await self._wait(namespace, name)
        if account is None:
            problem = errors.not_found("", "serviceaccount", name)
            raise forbidden(attributes, f"error looking up service account {namespace}/{name}: {problem}")
        return account

    async def _wait(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        if not self._listening:
            self.reader.on_change("", "serviceaccounts", self._changed)
            self._listening = True
        event = self._awaited.setdefault((namespace, name), asyncio.Event())
        try:
            async with asyncio.timeout(PATIENCE):
                await event.wait()
        except TimeoutError:
            self._awaited.pop((namespace, name), None)
        return await self.reader.get("", "serviceaccounts", namespace, name)

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is not None and (event := self._awaited.pop(key_of(new), None)):
            event.set()

    def _mount_token(self, spec: Tree) -> None:
        """Mounts the token in every container that has nothing at its place (upstream: mountServiceAccountToken)."""
        volumes = spec.get("volumes") or []
        existing = next((name for volume in volumes if (name := volume.get("name", "")).startswith(VOLUME_PREFIX)), "")
        volume = existing or VOLUME_PREFIX + self.services.identity.suffix()
        needed = False
        for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
            mounts = container.get("volumeMounts") or []
            if all(mount.get("mountPath") != MOUNT_PATH for mount in mounts):
                container["volumeMounts"] = [*mounts, {"name": volume, "readOnly": True, "mountPath": MOUNT_PATH}]
                needed = True
        if needed and not existing:
            spec["volumes"] = [*volumes, {"name": volume, "projected": _token_volume()}]


def _automounts(account: Mapping[str, Any], spec: Tree) -> bool:
    """The pod's wish, else the service account's, else yes."""
    wishes = (holder.get("automountServiceAccountToken") for holder in (spec, account))
    return next((bool(wish) for wish in wishes if wish is not None), True)


def _token_volume() -> Tree:
    """Token, CA and namespace (upstream: TokenVolumeSource)."""
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": 420,
    }


def _check_mirror(attributes: Attributes, pod: Tree) -> None:
    spec = pod.get("spec") or {}
    if spec.get("serviceAccountName"):
        raise forbidden(attributes, "a mirror pod may not reference service accounts")
    if any(resource == "secrets" for resource, _ in references(pod)):
        raise forbidden(attributes, "a mirror pod may not reference secrets")
    projections = [source for volume in spec.get("volumes") or () for source in (volume.get("projected") or {}).get("sources") or ()]
    if any(source.get("serviceAccountToken") is not None for source in projections):
        raise forbidden(attributes, "a mirror pod may not use ServiceAccountToken volume projections")


_CONTAINERS = (("init container", "initContainers"), ("container", "containers"))


def _unmountable(account: Mapping[str, Any], spec: Tree, kinds: tuple[tuple[str, str], ...], whole: bool) -> Iterator[str]:
    """Secrets the pod uses and its service account does not list (upstream: limitSecretReferences)."""
    allowed = {secret.get("name") for secret in account.get("secrets") or ()}
    refusal = f"is not allowed because service account {meta.name(account)} does not reference that"
    for volume in (spec.get("volumes") or ()) if whole else ():
        name = (volume.get("secret") or {}).get("secretName")
        if name is not None and name not in allowed:
            yield f'volume with secret.secretName="{name}" {refusal} secret'
    for kind, field in kinds:
        for container in spec.get(field) or ():
            for how, name in _used(container):
                if name not in allowed:
                    yield f'{kind} {container.get("name", "")} with {how} referencing secret.secretName="{name}" {refusal} secret'
    pull = {secret.get("name") for secret in account.get("imagePullSecrets") or ()}
    for index, secret in enumerate((spec.get("imagePullSecrets") or ()) if whole else ()):
        if secret.get("name") not in pull:
            yield f'imagePullSecrets[{index}].name="{secret.get("name", "")}" {refusal} imagePullSecret'


def _used(container: Tree) -> Iterator[tuple[str, str]]:
    for variable in container.get("env") or ():
        if reference := (variable.get("valueFrom") or {}).get("secretKeyRef"):
            yield f"envVar {variable.get('name', '')}", reference.get("name", "")
    for source in container.get("envFrom") or ():
        if reference := source.get("secretRef"):
            yield "envFrom", reference.get("name", "")
