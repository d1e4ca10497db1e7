"""Table columns of certificates.k8s.io. Called by `registry/groups/certificates.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.duration import human
from kcompat.registry.columns.cells import AGE, NAME, NONE, labels_at, path
from kcompat.registry.declare import Cell, Column, Tree


def _signer(obj: Tree, now: datetime) -> Cell:
    return obj["spec"].get("signerName") or NONE


def _requested_duration(obj: Tree, now: datetime) -> Cell:
    seconds = obj["spec"].get("expirationSeconds")
    return NONE if seconds is None else human(seconds)


def _condition(obj: Tree, now: datetime) -> Cell:
    """extractCSRStatus."""
    types = {condition.get("type") for condition in meta.conditions(obj)}
    decision = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    issued = bool(meta.get(obj, ("status", "certificate")))
    return decision + (",Failed" if "Failed" in types else "") + (",Issued" if issued else "")


CERTIFICATE_SIGNING_REQUEST: Final = (
    NAME, AGE, Column("SignerName", _signer), Column("Requestor", path(".spec.username")),
    Column("RequestedDuration", _requested_duration), Column("Condition", _condition),
)
CLUSTER_TRUST_BUNDLE: Final = (NAME, Column("SignerName", _signer))


def _state(obj: Tree, now: datetime) -> Cell:
    decided = [condition["type"] for condition in meta.conditions(obj) if condition.get("type") in ("Issued", "Denied", "Failed")]
    return decided[-1] if decided else "Pending"


POD_CERTIFICATE_REQUEST: Final = (
    NAME, Column("PodName", path(".spec.podName")), Column("ServiceAccountName", path(".spec.serviceAccountName")),
    Column("NodeName", path(".spec.nodeName")), Column("SignerName", path(".spec.signerName")), Column("State", _state),
    Column("UnverifiedUserAnnotations", labels_at(".spec.unverifiedUserAnnotations")),
)
