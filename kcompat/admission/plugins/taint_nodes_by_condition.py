"""New nodes start with the not-ready taint, so that nothing is scheduled before they report (upstream: plugin/pkg/admission/nodetaint)."""

from __future__ import annotations

from kcompat.admission.interface import CREATE, Attributes, MutatingPlugin, on

NOT_READY = "node.kubernetes.io/not-ready"


class TaintNodesByCondition(MutatingPlugin):
    name = "TaintNodesByCondition"
    handles = on(CREATE)
    resources = ("nodes",)

    async def admit(self, attributes: Attributes) -> None:
        if attributes.object is None:
            return
        spec = attributes.object.setdefault("spec", {})
        taints = spec.get("taints") or []
        if not any(taint.get("key") == NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
            spec["taints"] = [*taints, {"key": NOT_READY, "effect": "NoSchedule"}]
