"""What the controllers are told, from the flags. Called by `cluster.py` (which has an authority and a key of its own) and `parts.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcompat.apimachinery import duration
from kcompat.apimachinery.clock import Clock, Identity
from kcompat.config import Settings

if TYPE_CHECKING:
    from kcompat.controllers.controller import Settings as ControllerSettings

@dataclass(frozen=True, slots=True)
class Own:
    """What is used where flags say nothing: PEM of the cluster's authority, its files, and the file of the key of service account tokens."""

    root_ca: str = ""
    authority: tuple[str, str] = ("", "")
    token_key: str = ""


def controller_settings(settings: Settings, own: Own, clock: Clock, identity: Identity) -> ControllerSettings:
    """Raises ValueError for flags that exclude each other or cannot be read, OSError for files that are missing."""
    from kcompat.controllers.controller import Autoscaling
    from kcompat.controllers.controller import Settings as ControllerSettings

    autoscaling = Autoscaling(
        seconds(settings.horizontal_pod_autoscaler_sync_period),
        seconds(settings.horizontal_pod_autoscaler_downscale_stabilization),
        float(settings.horizontal_pod_autoscaler_tolerance),
        seconds(settings.horizontal_pod_autoscaler_cpu_initialization_period),
        seconds(settings.horizontal_pod_autoscaler_initial_readiness_delay),
    )
    return ControllerSettings(
        root_ca=Path(settings.root_ca_file).read_text() if settings.root_ca_file else own.root_ca,
        sign_token=_token_signer(settings.service_account_private_key_file or own.token_key, clock, identity),
        signing=signing_files(settings, own.authority),
        signing_seconds=seconds(settings.cluster_signing_duration),
        legacy_token_seconds=seconds(settings.legacy_service_account_token_clean_up_period),
        autoscaling=autoscaling,
        node_grace=seconds(settings.node_monitor_grace_period),
        node_startup_grace=seconds(settings.node_startup_grace_period),
        terminated_pods=settings.terminated_pod_gc_threshold,
    )


def seconds(text: str) -> float:
    return duration.parse(text) / 1e9


def _token_signer(file: str, clock: Clock, identity: Identity) -> Callable[[Any, Any], str] | None:
    if not file:
        return None
    from kcompat.auth.certificates import load_private_key
    from kcompat.auth.tokens import LEGACY_ISSUER, TokenIssuer

    return TokenIssuer(LEGACY_ISSUER, load_private_key(Path(file).read_bytes()), clock, identity).legacy


def signing_files(settings: Settings, own: tuple[str, str]) -> dict[str, tuple[str, str]]:
    """Certificate and key file by name of the signer; a signer without is absent (upstream: app/certificates.go)."""
    common = settings.cluster_signing_cert_file, settings.cluster_signing_key_file
    special = _special_files(settings)
    given = {signer: files for signer, files in special.items() if any(files)}
    if given and any(common):
        raise ValueError("cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time")
    if not given:
        chosen = common if any(common) else own
        given = dict.fromkeys(special, chosen) if all(chosen) else {}
    for signer, files in given.items():
        if not all(files):
            raise ValueError(f"{signer}: both a certificate and a key file must be given")
        _check(files)
    return given


def _special_files(settings: Settings) -> dict[str, tuple[str, str]]:
    return {
        "kubernetes.io/kubelet-serving": (
            settings.cluster_signing_kubelet_serving_cert_file,
            settings.cluster_signing_kubelet_serving_key_file,
        ),
        "kubernetes.io/kube-apiserver-client-kubelet": (
            settings.cluster_signing_kubelet_client_cert_file,
            settings.cluster_signing_kubelet_client_key_file,
        ),
        "kubernetes.io/kube-apiserver-client": (
            settings.cluster_signing_kube_apiserver_client_cert_file,
            settings.cluster_signing_kube_apiserver_client_key_file,
        ),
        "kubernetes.io/legacy-unknown": (
            settings.cluster_signing_legacy_unknown_cert_file,
            settings.cluster_signing_legacy_unknown_key_file,
        ),
    }


def _check(files: tuple[str, str]) -> None:
    """That they are there is known at start, not when the first certificate is asked for."""
    for file in files:
        Path(file).read_bytes()
