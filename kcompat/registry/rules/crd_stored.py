"""CustomResourceDefinitions as a kube-apiserver stores them, v1beta1, brought to v1. Used by `registry/groups/apiextensions.py`.

Upstream: apiextensions-apiserver pkg/apis/apiextensions/v1/conversion.go. Pure.
"""

from __future__ import annotations

from kcompat.registry.declare import Tree
from kcompat.registry.rules.crd_internal import HOISTED

_DROPPED = ("version", "conversion", "preserveUnknownFields", *HOISTED.values())


def from_v1beta1(tree: Tree) -> Tree:
    """What stands at the top of the spec goes to every version."""
    spec = tree["spec"]
    shared = {own: spec[top] for own, top in HOISTED.items() if top in spec}
    versions = spec.get("versions") or [{"name": spec["version"], "served": True, "storage": True}]
    result = {name: value for name, value in spec.items() if name not in _DROPPED}
    result["versions"] = [_version({**shared, **version}) for version in versions]
    if "conversion" in spec:
        result["conversion"] = _conversion(spec["conversion"])
    if spec.get("preserveUnknownFields"):
        result["preserveUnknownFields"] = True
    return {**tree, "apiVersion": "apiextensions.k8s.io/v1", "spec": result}


def _version(version: Tree) -> Tree:
    if "additionalPrinterColumns" not in version:
        return version
    columns = [{("jsonPath" if name == "JSONPath" else name): value for name, value in column.items()} for column in version["additionalPrinterColumns"]]
    return {**version, "additionalPrinterColumns": columns}


def _conversion(conversion: Tree) -> Tree:
    """The webhook's configuration moved under `webhook`."""
    if conversion.get("strategy") != "Webhook":
        return {"strategy": conversion.get("strategy", "None")}
    webhook = {new: conversion[old] for new, old in _WEBHOOK.items() if old in conversion}
    return {"strategy": "Webhook", "webhook": webhook}


_WEBHOOK = {"clientConfig": "webhookClientConfig", "conversionReviewVersions": "conversionReviewVersions"}
