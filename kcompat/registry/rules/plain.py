"""Kinds without a status, and status updates that leave metadata alone. Called by the rules of many kinds."""

from __future__ import annotations

from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.pod.rules import reset_metadata


class PlainRules(Rules):
    """Nothing to drop or keep."""

    def prepare_for_create(self, obj: Tree) -> None:
        """There is no status to drop."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """There is no status to keep."""


class StatusRules(Rules):
    """A status that Go always writes, and whose updates do not touch labels and the like (metav1.ResetObjectMetaForStatus)."""

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {}

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_status_update(new, old)
        reset_metadata(new, old)
