"""The Pod Security Standards, by labels of namespaces.

Upstream: plugin/pkg/admission/security/podsecurity, pod-security-admission/admission.
Pods that break what their namespace enforces are denied; what it warns of is a warning on pods and on everything that makes pods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kcompat.admission.interface import CREATE, UPDATE, Attributes, Services, ValidatingPlugin, on
from kcompat.admission.pod_security import configuration, evaluation
from kcompat.admission.pod_security.policy import MODES, PREFIX, PRIVILEGED, LevelVersion, Policy, of_labels, stricter
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.field import FieldError, aggregate
from kcompat.apimachinery.following import Followed
from kcompat.apimachinery.quote import quote

Tree = Mapping[str, Any]
_TEMPLATES: Mapping[str, Sequence[str]] = {
    "replicationcontrollers": ("spec", "template"),
    "podtemplates": ("template",),
    "replicasets": ("spec", "template"),
    "deployments": ("spec", "template"),
    "statefulsets": ("spec", "template"),
    "daemonsets": ("spec", "template"),
    "jobs": ("spec", "template"),
    "cronjobs": ("spec", "jobTemplate", "spec", "template"),
}
"""Where resources have the template of their pods."""
MAX_PODS = 3000
"""Of a namespace whose labels change, so many pods are looked at."""
_TURN = 100
"""Pods looked at before others get their turn."""


class PodSecurity(ValidatingPlugin):
    name = "PodSecurity"
    handles = on(CREATE, UPDATE)
    resources = (
        "namespaces", "pods", "pods/ephemeralcontainers", "pods/resize", "replicationcontrollers", "podtemplates",
        *(f"{name}.apps" for name in ("replicasets", "deployments", "statefulsets", "daemonsets")), "jobs.batch", "cronjobs.batch",
    )  # fmt: skip

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._configuration = configuration.read(services.configuration.get(self.name))
        self._policies = Followed(services.reader, "", "namespaces", self._policy)

    def _policy(self, namespace: Tree) -> tuple[Policy, list[FieldError]]:
        return of_labels(meta.labels(namespace), self._configuration.defaults)

    async def validate(self, attributes: Attributes) -> None:
        if attributes.resource == "namespaces":
            await self._validate_namespace(attributes)
        elif attributes.resource == "pods":
            await self._validate_pod(attributes)
        else:
            await self._validate_template(attributes)

    # -- pods, and what makes them -------------------------------------------------------------------------------------

    async def _validate_pod(self, attributes: Attributes) -> None:
        if self._exempt(attributes):
            return
        await self._policies.load()
        found = self._policies.get("", attributes.namespace)
        if found is None:
            raise errors.internal_error(f"failed to lookup namespace {quote(attributes.namespace)}")
        policy, problems = found
        if policy.privileged and not problems:
            _note(attributes, "enforce-policy", str(LevelVersion()))
            return
        pod, old = attributes.object or {}, attributes.old_object
        if attributes.operation == CREATE or old is None or _is_significant(pod, old):
            self._evaluate(attributes, found, pod, pod.get("spec") or {}, enforce=True)

    async def _validate_template(self, attributes: Attributes) -> None:
        """Only warns: who is denied are the pods."""
        if self._exempt(attributes):
            return
        await self._policies.load()
        found = self._policies.get("", attributes.namespace)
        if found is None:
            _note(attributes, "error", f"failed to lookup namespace {quote(attributes.namespace)}: not found")
            return
        policy, problems = found
        if policy.warn.level == policy.audit.level == PRIVILEGED and not problems:
            return
        template = meta.get(attributes.object, _TEMPLATES[attributes.resource])
        if template is not None:
            self._evaluate(attributes, found, template, template.get("spec") or {}, enforce=False)

    def _exempt(self, attributes: Attributes) -> bool:
        for reason, name, exempt in (
            ("namespace", attributes.namespace, self._configuration.namespaces),
            ("user", attributes.user.name, self._configuration.usernames),
        ):
            if name in exempt:
                _note(attributes, "exempt", reason)
                return True
        return False

    def _evaluate(
        self, attributes: Attributes, found: tuple[Policy, list[FieldError]], metadata: Tree, spec: Tree, *, enforce: bool
    ) -> None:
        """Raises Forbidden when what is enforced is broken."""
        if spec.get("runtimeClassName") in self._configuration.runtime_classes:
            _note(attributes, "exempt", "runtimeClass")
            return
        policy, problems = found
        if problems:
            _note(attributes, "error", f"Failed to parse policy: {aggregate(problems)}")
        results = {wanted: evaluation.violations(wanted, metadata, spec) for wanted in {policy.enforce, policy.audit, policy.warn}}
        if enforce:
            _note(attributes, "enforce-policy", str(policy.enforce))
        if broken := results[policy.audit]:
            _note(attributes, "audit-violations", f"would violate PodSecurity {quote(str(policy.audit))}: {evaluation.details(broken)}")
        if enforce and (broken := results[policy.enforce]):
            text = f"violates PodSecurity {quote(str(policy.enforce))}: {evaluation.details(broken)}"
            raise errors.forbidden(attributes.group, attributes.resource, attributes.name, text)
        if broken := results[policy.warn]:
            attributes.warnings.append(f"would violate PodSecurity {quote(str(policy.warn))}: {evaluation.details(broken)}")

    # -- namespaces ----------------------------------------------------------------------------------------------------

    async def _validate_namespace(self, attributes: Attributes) -> None:
        """Labels must be right when they are new or changed; pods that a stricter level would have denied are warned of."""
        namespace, old = attributes.object or {}, attributes.old_object
        policy, problems = self._policy(namespace)
        before, problems_before = self._policy(old) if old is not None else (None, [])
        if problems and problems != problems_before:
            raise errors.invalid(attributes.kind_group, attributes.kind, attributes.name, problems)
        if before is not None and not _is_tightened(policy.enforce, before.enforce):
            return
        name = meta.name(namespace)
        if name in self._configuration.namespaces:
            attributes.warnings.extend(self._ignored_labels(namespace, policy))
        elif before is not None:
            attributes.warnings.extend(await self._existing_pods(name, policy.enforce))

    def _ignored_labels(self, namespace: Tree, policy: Policy) -> Iterator[str]:
        if policy.privileged or policy.equivalent(self._configuration.defaults):
            return
        labels = meta.labels(namespace)
        modes = [(mode, getattr(policy, mode)) for mode in MODES if f"{PREFIX}{mode}" in labels or f"{PREFIX}{mode}-version" in labels]
        shown = ", ".join(f"{mode}={wanted}" for mode, wanted in modes if wanted.level != PRIVILEGED)
        yield f"namespace {quote(meta.name(namespace))} is exempt from Pod Security, and the policy ({shown}) will be ignored"

    async def _existing_pods(self, namespace: str, enforce: LevelVersion) -> list[str]:
        """Warnings on pods that are there already, one for all that break the same."""
        pods = self._prioritized(await self.reader.list("", "pods", namespace))
        broken: dict[str, list[str]] = {}
        for number, pod in enumerate(pods[:MAX_PODS]):
            if found := evaluation.violations(enforce, pod, pod.get("spec") or {}):
                broken.setdefault(evaluation.reasons(found), []).append(meta.name(pod))
            if number % _TURN == _TURN - 1:
                await asyncio.sleep(0)
        warnings = []
        if len(pods) > MAX_PODS:
            warnings.append(f"new PodSecurity enforce level only checked against the first {MAX_PODS} of {len(pods)} existing pods")
        if broken:
            warnings.append(
                f"existing pods in namespace {quote(namespace)} violate the new PodSecurity enforce level {quote(str(enforce))}"
            )
        return warnings + sorted(_pods_warning(names, reason) for reason, names in broken.items())

    def _prioritized(self, pods: Any) -> list[Tree]:
        """Of the pods of one controller the first comes first, the others behind all."""
        first: list[Tree] = []
        duplicates: list[Tree] = []
        seen: set[str] = set()
        for pod in pods:
            if (pod.get("spec") or {}).get("runtimeClassName") in self._configuration.runtime_classes:
                continue
            owner = meta.controller_of(pod)
            known = owner is not None and owner.get("uid", "") in seen
            (duplicates if known else first).append(pod)
            if owner is not None:
                seen.add(owner.get("uid", ""))
        return first + duplicates


def _note(attributes: Attributes, key: str, text: str) -> None:
    attributes.audit_annotations[PREFIX + key] = text


def _is_tightened(new: LevelVersion, old: LevelVersion) -> bool:
    """Whether pods that were allowed might not be any more."""
    if new == old or new.level == PRIVILEGED:
        return False
    return new.version != old.version or stricter(new.level, old.level)


def _pods_warning(names: list[str], reason: str) -> str:
    others = len(names) - 1
    more = f" (and {others} other {'pod' if others == 1 else 'pods'})" if others else ""
    return f"{min(names)}{more}: {reason}"


def _is_significant(pod: Tree, old: Tree) -> bool:
    """Whether an update changes containers; of their fields only the image can change (upstream: isSignificantPodUpdate)."""
    new_spec, old_spec = pod.get("spec") or {}, old.get("spec") or {}
    for field in ("containers", "initContainers"):
        if [each.get("image") for each in new_spec.get(field) or ()] != [each.get("image") for each in old_spec.get(field) or ()]:
            return True
    images = {each.get("name"): each.get("image") for each in old_spec.get("ephemeralContainers") or ()}
    return any(
        each.get("name") not in images or each.get("image") != images[each["name"]] for each in new_spec.get("ephemeralContainers") or ()
    )
