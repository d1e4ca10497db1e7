"""Writes what priority and fairness is configured by: the schemas and levels every cluster has, and whether schemas name a level that exists.

Run by `cluster.py`; the limits themselves are kept in `api/flow_control`. Upstream: pkg/registry/flowcontrol/rest/storage_flowcontrol.go (the
producer), apiserver util/flowcontrol/apf_controller.go (the consumer).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from kcompat.api.flow_control.control import GROUP, SCHEMAS, FlowControl
from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import APPLY_PATCH, Client
from kcompat.client.resources import ResourceType
from kcompat.ensure import ensure_objects
from kcompat.registry import bootstrap
from kcompat.registry.catalog import Catalog

log = logging.getLogger(__name__)

Tree = dict[str, Any]
PRODUCER, CONSUMER = "api-priority-and-fairness-config-producer-v1", "api-priority-and-fairness-config-consumer-v1"
FLOW_SCHEMAS = ResourceType(GROUP, "v1", SCHEMAS, "FlowSchema", namespaced=False)
REBALANCE_SECONDS, ENSURE_SECONDS = 10.0, 60.0


def mandatory() -> list[Tree]:
    """The schemas and levels that hold while they are not stored."""
    return [tree for tree in bootstrap.flow_control() if meta.name(tree) in bootstrap.MANDATORY]


def dangling(schema: Tree, levels: Sequence[str], now: str) -> Tree | None:
    """The condition that a schema should have; None: it has it."""
    level = (schema["spec"].get("priorityLevelConfiguration") or {}).get("name", "")
    says = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}"'
    wanted = {"type": "Dangling", "status": "True", "reason": "NotFound", "message": f"{says} but there is no such object"}
    if level in levels:
        wanted |= {"status": "False", "reason": "Found", "message": f"{says} and it exists"}
    found = meta.find_condition(meta.conditions(schema), "Dangling") or {}
    return None if {name: found.get(name) for name in wanted} == wanted else {**wanted, "lastTransitionTime": now}


class FlowConfiguration:
    """Keeps the configuration complete and the seats divided."""

    def __init__(self, control: FlowControl, client: Client, catalog: Catalog, clock: Clock) -> None:
        self._control, self._client, self._catalog, self._clock = control, client, catalog, clock

    async def ensure(self) -> None:
        """Writes the levels and schemas that are missing or, if they may be, out of date."""
        producer = Client(self._client.transport, PRODUCER)
        await ensure_objects(producer, self._catalog, bootstrap.flow_control(), bootstrap.changed)

    async def tell(self) -> None:
        """Writes the condition of schemas where it is not as it should be."""
        await self._control.load()
        consumer = Client(self._client.transport, CONSUMER).of(FLOW_SCHEMAS)
        levels = [name for name, level in self._control.levels.items() if not level.quiescing]
        for schema in (await consumer.list())["items"]:
            condition = dangling(schema, levels, rfc3339(self._clock.now()))
            if condition is not None:
                body: Tree = {"apiVersion": f"{GROUP}/v1", "kind": "FlowSchema", "metadata": {"name": meta.name(schema)}}
                body["status"] = {"conditions": [condition]}
                await consumer.patch(meta.name(schema), body, content_type=APPLY_PATCH, subresource="status", force=True)

    async def run(self) -> None:
        """Ends when cancelled."""
        await self._carry_out(self.tell())
        turns = round(ENSURE_SECONDS / REBALANCE_SECONDS)
        while True:
            for _ in range(turns):
                await self._follow(REBALANCE_SECONDS)
                self._control.rebalance()
            await self._carry_out(self.ensure())

    async def _follow(self, seconds: float) -> None:
        """Tells of every change for so long."""
        now = asyncio.get_running_loop().time
        end = now() + seconds
        while (left := end - now()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._control.changed.wait()
            if self._control.changed.is_set():
                self._control.changed.clear()
                await self._carry_out(self.tell())

    async def _carry_out(self, work: Any) -> None:
        try:
            await work
        except StatusError as error:
            log.warning("priority and fairness: %s", error.message)
