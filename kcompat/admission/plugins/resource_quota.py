"""Keeps namespaces within their ResourceQuotas (upstream: apiserver pkg/admission/plugin/resourcequota).

Writes of one namespace are settled together: what waits while the quotas are being written is the next batch, which writes each quota once.
A quota's use is raised before the object is stored; the controller puts right what was counted and then not stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.admission.interface import CREATE, UPDATE, Attributes, Services, Tree, ValidatingPlugin, on
from kcompat.admission.quota_check import LimitedResource, Quota, charge, demand, read
from kcompat.apimachinery import errors, resource_list
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.field import Path, aggregate, required
from kcompat.apimachinery.following import Followed
from kcompat.apimachinery.pod_resources import quantities
from kcompat.apimachinery.quota.evaluator import Evaluator, ResourceList
from kcompat.apimachinery.quota.measuring import evaluator_for

PATIENCE = 10.0
"""Seconds until a write that still waits is refused."""
_KINDS = (
    ("apiserver.config.k8s.io/v1", "ResourceQuotaConfiguration"),
    ("resourcequota.admission.k8s.io/v1beta1", "Configuration"),
    ("resourcequota.admission.k8s.io/v1alpha1", "Configuration"),
)


@dataclass(slots=True)
class _Waiter:
    """A write to be settled. `demands`: what it adds to each quota."""

    attributes: Attributes
    evaluator: Evaluator
    settled: asyncio.Future[None]
    demands: Mapping[str, ResourceList] | None = None

    def allow(self) -> None:
        if not self.settled.done():
            self.settled.set_result(None)

    def deny(self, error: BaseException) -> None:
        if not self.settled.done():
            self.settled.set_exception(error)


class ResourceQuota(ValidatingPlugin):
    name = "ResourceQuota"
    handles = on(CREATE, UPDATE)

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._limited = limited_resources(services.configuration.get(self.name))
        self._quotas: Followed[Quota] = Followed(services.reader, "", "resourcequotas", read)
        self._waiting: dict[str, list[_Waiter]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}

    async def validate(self, attributes: Attributes) -> None:
        namespace = attributes.namespace
        evaluator = evaluator_for(attributes.group, attributes.resource) if namespace else None
        if evaluator is None or attributes.kind == "Namespace":
            return
        await self._quotas.load()
        if not self._is_limited(namespace, evaluator):
            return
        old = attributes.old_object or {}
        if evaluator.handles(attributes.operation, attributes.subresource, attributes.object or {}, old):
            await self._settle(attributes, evaluator)

    def _is_limited(self, namespace: str, evaluator: Evaluator) -> bool:
        return bool(self._limited) or any(evaluator.matching(quota.hard) for quota in self._quotas.of(namespace).values())

    async def _settle(self, attributes: Attributes, evaluator: Evaluator) -> None:
        namespace = attributes.namespace
        waiter = _Waiter(attributes, evaluator, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(namespace, []).append(waiter)
        if namespace not in self._workers:  # a task of its own: who asked may go away
            self._workers[namespace] = asyncio.create_task(self._work(namespace), name=f"quota of {namespace}")
        try:
            async with asyncio.timeout(PATIENCE):
                await waiter.settled
        except TimeoutError:
            raise errors.internal_error("resource quota evaluation timed out") from None

    async def _work(self, namespace: str) -> None:
        """Settles batch after batch until nobody waits."""
        try:
            while batch := self._waiting.pop(namespace, None):
                try:
                    await self._settle_batch(namespace, [waiter for waiter in batch if not waiter.settled.done()])
                except Exception as error:
                    for waiter in batch:
                        waiter.deny(error)
        finally:
            del self._workers[namespace]

    async def _settle_batch(self, namespace: str, batch: Sequence[_Waiter]) -> None:
        quotas = dict(sorted(self._quotas.of(namespace).items()))
        charged = list(self._charged(quotas, batch))
        for name in dict.fromkeys(name for waiter in charged for name in waiter.demands or ()):
            await self._write(namespace, name, [waiter for waiter in charged if name in (waiter.demands or ())])
        for waiter in charged:
            waiter.allow()

    def _charged(self, quotas: Mapping[str, Quota], batch: Sequence[_Waiter]) -> Iterator[_Waiter]:
        """Those that fit, one after the other, and change what is used; the others are told at once."""
        used = {name: quota.used for name, quota in quotas.items()}
        for waiter in batch:
            try:
                demands = demand(waiter.attributes, waiter.evaluator, quotas.values(), self._limited, self.services.clock.now())
                after = {name: charge(waiter.attributes, quotas[name], used[name], added) for name, added in demands.items()}
            except StatusError as error:
                waiter.deny(error)
                continue
            changed = [name for name, total in after.items() if not resource_list.equal(total, used[name])]
            if not changed or waiter.attributes.dry_run:
                waiter.allow()
                continue
            used |= after
            waiter.demands = {name: demands[name] for name in changed}
            yield waiter

    async def _write(self, namespace: str, name: str, waiters: Sequence[_Waiter]) -> None:
        """Adds to a quota's use what they demand. Should another server have been first, they may not all fit any more."""
        denied: list[tuple[_Waiter, StatusError]] = []

        def raise_use(current: Tree) -> Tree:
            denied.clear()
            quota = read(current)
            used = quota.used
            for waiter in waiters:
                if waiter.settled.done():
                    continue
                try:
                    used = charge(waiter.attributes, quota, used, (waiter.demands or {})[name])
                except StatusError as error:
                    denied.append((waiter, error))
            status = current.get("status") or {}
            return {**current, "status": {**status, "used": _rendered(status.get("used") or {}, used)}}

        try:
            await self.services.update_status("", "resourcequotas", namespace, name, raise_use)
        except StatusError as error:
            if error.reason != "NotFound":  # a quota that is gone limits nothing
                raise
        for waiter, refusal in denied:
            waiter.deny(refusal)


def _rendered(before: Mapping[str, str], used: ResourceList) -> dict[str, str]:
    """Amounts that stayed the same keep their text."""
    known = quantities(before)
    return {name: before[name] if known.get(name) == amount else str(amount) for name, amount in used.items()}


def limited_resources(tree: Mapping[str, Any] | None) -> list[LimitedResource]:
    """From the plugin's part of the admission configuration. Raises ValueError."""
    if tree is None:
        return []
    if (tree.get("apiVersion"), tree.get("kind")) not in _KINDS:
        raise ValueError(f'no kind "{tree.get("kind", "")}" is registered for version "{tree.get("apiVersion", "")}"')
    items = tree.get("limitedResources") or ()
    path = Path("limitedResources")
    if found := [required(path.index(index).child("resource"), "") for index, item in enumerate(items) if not item.get("resource")]:
        raise ValueError(aggregate(found))
    return [
        LimitedResource(item.get("apiGroup") or "", item["resource"], item.get("matchContains") or (), item.get("matchScopes") or ())
        for item in items
    ]
