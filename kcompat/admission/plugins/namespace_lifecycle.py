"""Keeps namespaces and their contents in step (upstream: apiserver pkg/admission/plugin/namespace/lifecycle)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, DELETE, Attributes, MutatingPlugin, Services, on
from kcompat.apimachinery import errors
from kcompat.apimachinery.following import Followed
from kcompat.apimachinery.names import is_path_segment_name
from kcompat.apimachinery.quote import quote

IMMORTAL = frozenset(("default", "kube-system", "kube-public"))
PATIENCE = 0.05
"""Seconds for a namespace made through another server to become visible here."""


def _is_terminating(namespace: Mapping[str, Any]) -> bool:
    return (namespace.get("status") or {}).get("phase") == "Terminating"


class NamespaceLifecycle(MutatingPlugin):
    """Nothing is created in a namespace that is absent or going, and some namespaces cannot be deleted."""

    name = "NamespaceLifecycle"
    handles = on(CREATE, DELETE)

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._terminating = Followed(services.reader, "", "namespaces", _is_terminating)

    async def admit(self, attributes: Attributes) -> None:
        if attributes.kind == "Namespace" and not attributes.kind_group:
            if attributes.operation == DELETE and attributes.name in IMMORTAL:
                raise errors.forbidden(attributes.group, attributes.resource, attributes.name, "this namespace may not be deleted")
            return
        # Refusing an access review would tell whether the namespace exists.
        if attributes.operation == DELETE or not attributes.namespace or _is_access_review(attributes):
            return
        if await self._state(attributes.namespace):
            raise _terminated(attributes)

    async def _state(self, namespace: str) -> bool:
        """Whether it is terminating. Raises NotFound."""
        await self._terminating.load()
        terminating = self._terminating.get("", namespace)
        if terminating is None:
            await asyncio.sleep(PATIENCE)
            terminating = self._terminating.get("", namespace)
        if terminating is None and (wrong := is_path_segment_name(namespace)):  # no request can ask for it
            raise errors.internal_error(f"invalid resource name {quote(namespace)}: [{' '.join(wrong)}]")
        if terminating is None:
            raise errors.not_found("", "namespaces", namespace)
        return terminating


def _is_access_review(attributes: Attributes) -> bool:
    return attributes.resource == "localsubjectaccessreviews" and attributes.group == "authorization.k8s.io"


def _terminated(attributes: Attributes) -> errors.StatusError:
    namespace = attributes.namespace
    error = forbidden(attributes, f"unable to create new content in namespace {namespace} because it is being terminated")
    cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated", "field": "metadata.namespace"}
    error.details = {**(error.details or {}), "causes": [cause]}
    return error
