"""Settings: one frozen record, from which flags and config-file keys are made. Names and meanings follow upstream's flags where it has them.

Used by `__main__.py` (which fills it) and `cluster.py` (which obeys it). A field is a flag: `service_node_port_range` is
`--service-node-port-range`, and `service-node-port-range` in a config file.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PARTS = ("controllers", "scheduler", "nodes")


def _flag(default: Any, help_: str, *, metavar: str = "", parts: str = "apiserver") -> Any:
    """A field with its help text; `parts` names the commands besides `up` that take it."""
    metadata = {"help": help_, "metavar": metavar, "parts": tuple(parts.split())}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Lists are tuples of strings."""

    name: str = _flag("default", "name of the cluster: its data directory and kubeconfig context")
    data_dir: str = _flag("", "where data, certificates and the kubeconfig are kept (default: the XDG data directory)", metavar="DIR")
    listen: str = _flag("127.0.0.1:6443", "address to serve on; port 0 takes a free one", metavar="HOST:PORT")
    advertise_address: str = _flag("", "address at which others reach this server (default: the one listened on)", metavar="IP")
    datastore_endpoint: str = _flag("", "memory://, sqlite:///PATH or http(s)://ETCD,… (default: sqlite in the data directory)", metavar="URL")
    durability: str = _flag("full", "full: acknowledged writes survive a power cut; relaxed: they survive the process only")
    etcd_cafile: str = _flag("", "CA of the etcd servers", metavar="FILE")
    etcd_certfile: str = _flag("", "client certificate for etcd", metavar="FILE")
    etcd_keyfile: str = _flag("", "key of the client certificate for etcd", metavar="FILE")
    nodes: int = _flag(1, "how many simulated nodes to run", parts="nodes")
    missing_images: tuple[str, ...] = _flag((), "images that simulated nodes cannot pull: names with * and ?", parts="nodes")
    write_kubeconfig: str = _flag("", "write the administrator's kubeconfig here as well", metavar="FILE")
    write_kubeconfig_mode: str = _flag("0600", "permissions of the kubeconfig", metavar="MODE")
    disable: tuple[str, ...] = _flag((), "parts not to run: controllers, scheduler, nodes, or controllers by name")
    authorization_mode: tuple[str, ...] = _flag(("Node", "RBAC"), "authorizers in order: AlwaysAllow, AlwaysDeny, Node, RBAC")
    anonymous_auth: bool = _flag(True, "let requests without credentials in as system:anonymous")
    token_auth_file: str = _flag("", "CSV file of static tokens", metavar="FILE")
    client_ca_file: str = _flag("", "CA of client certificates (default: the cluster's own)", metavar="FILE")
    kubelet_client_certificate: str = _flag("", "certificate shown to kubelets (default: made when first needed)", metavar="FILE")
    kubelet_client_key: str = _flag("", "key of that certificate", metavar="FILE")
    kubelet_certificate_authority: str = _flag("", "CA of kubelets' certificates (default: they are not verified)", metavar="FILE")
    tls_cert_file: str = _flag("", "serving certificate (default: made on first start)", metavar="FILE")
    tls_private_key_file: str = _flag("", "key of the serving certificate", metavar="FILE")
    service_account_issuer: tuple[str, ...] = _flag(("https://kubernetes.default.svc.cluster.local",), "issuer of service account tokens")
    service_account_key_file: tuple[str, ...] = _flag((), "keys that verify service account tokens", metavar="FILE")
    service_account_signing_key_file: str = _flag("", "key that signs service account tokens", metavar="FILE")
    api_audiences: tuple[str, ...] = _flag((), "audiences of the API server (default: the issuer)")
    service_cluster_ip_range: str = _flag("10.96.0.0/16", "addresses of Services", metavar="CIDR")
    service_node_port_range: str = _flag("30000-32767", "node ports of Services", metavar="FROM-TO")
    enable_admission_plugins: tuple[str, ...] = _flag((), "admission plugins to turn on besides the default ones")
    disable_admission_plugins: tuple[str, ...] = _flag((), "admission plugins to turn off")
    admission_control_config_file: str = _flag("", "file with the configuration of admission plugins", metavar="FILE")
    requestheader_client_ca_file: str = _flag("", "CA of front proxies (default: the cluster's own for them)", metavar="FILE")
    requestheader_allowed_names: tuple[str, ...] = _flag(("front-proxy-client",), "common names of front proxies' certificates; empty: any")
    requestheader_username_headers: tuple[str, ...] = _flag(("X-Remote-User",), "headers in which front proxies name users")
    requestheader_uid_headers: tuple[str, ...] = _flag(("X-Remote-Uid",), "headers in which front proxies give users' uids")
    requestheader_group_headers: tuple[str, ...] = _flag(("X-Remote-Group",), "headers in which front proxies name groups")
    requestheader_extra_headers_prefix: tuple[str, ...] = _flag(("X-Remote-Extra-",), "prefixes of headers with more about users")
    feature_gates: tuple[str, ...] = _flag((), "features by name; only as they are by default", metavar="NAME=BOOL,…")
    runtime_config: tuple[str, ...] = _flag((), "APIs to turn off: GROUP/VERSION=false, GROUP/VERSION/RESOURCE=false", metavar="API=BOOL,…")
    allow_privileged: bool = _flag(True, "let containers be privileged; as most clusters do, though kube-apiserver's own default is not to")
    enable_priority_and_fairness: bool = _flag(True, "share the server among priority levels, as FlowSchemas say")
    max_requests_inflight: int = _flag(400, "requests worked on at once, with --max-mutating-requests-inflight; reads alone without priority and fairness")
    max_mutating_requests_inflight: int = _flag(200, "added to --max-requests-inflight; writes worked on at once without priority and fairness")
    event_ttl: int = _flag(3600, "seconds that Events are kept", metavar="SECONDS")
    scheduler_config: str = _flag(
        "", "KubeSchedulerConfiguration; `kcompat scheduler` takes it as --config too", metavar="FILE", parts="scheduler"
    )
    controllers: tuple[str, ...] = _flag(
        ("*",), "controllers to run: * all that are on by default, NAME this one too, -NAME not this one", parts="controllers"
    )
    use_service_account_credentials: bool = _flag(
        False, "controllers that run alone use a service account each; in `up` they always do", parts="controllers"
    )
    root_ca_file: str = _flag("", "CA given to namespaces and token secrets (default: the cluster's own)", metavar="FILE", parts="controllers")
    service_account_private_key_file: str = _flag("", "key that signs the tokens in secrets", metavar="FILE", parts="controllers")
    legacy_service_account_token_clean_up_period: str = _flag(
        "8760h0m0s", "how long a token secret may lie unused before it goes", metavar="DURATION", parts="controllers"
    )
    cluster_signing_cert_file: str = _flag("", "authority that signs certificate requests", metavar="FILE", parts="controllers")
    cluster_signing_key_file: str = _flag("", "key of that authority", metavar="FILE", parts="controllers")
    cluster_signing_duration: str = _flag("8760h0m0s", "how long signed certificates last at most", metavar="DURATION", parts="controllers")
    cluster_signing_kubelet_serving_cert_file: str = _flag("", "authority for kubelets' serving certificates", metavar="FILE", parts="controllers")
    cluster_signing_kubelet_serving_key_file: str = _flag("", "key of that authority", metavar="FILE", parts="controllers")
    cluster_signing_kubelet_client_cert_file: str = _flag("", "authority for kubelets' client certificates", metavar="FILE", parts="controllers")
    cluster_signing_kubelet_client_key_file: str = _flag("", "key of that authority", metavar="FILE", parts="controllers")
    cluster_signing_kube_apiserver_client_cert_file: str = _flag(
        "", "authority for other client certificates", metavar="FILE", parts="controllers"
    )
    cluster_signing_kube_apiserver_client_key_file: str = _flag("", "key of that authority", metavar="FILE", parts="controllers")
    cluster_signing_legacy_unknown_cert_file: str = _flag(
        "", "authority for the signer kubernetes.io/legacy-unknown", metavar="FILE", parts="controllers"
    )
    cluster_signing_legacy_unknown_key_file: str = _flag("", "key of that authority", metavar="FILE", parts="controllers")
    horizontal_pod_autoscaler_sync_period: str = _flag("15s", "how often autoscalers are looked at", metavar="DURATION", parts="controllers")
    horizontal_pod_autoscaler_downscale_stabilization: str = _flag(
        "5m0s", "how long a higher recommendation holds", metavar="DURATION", parts="controllers"
    )
    horizontal_pod_autoscaler_tolerance: str = _flag(
        "0.1", "by which part of its target a measurement may be off", metavar="NUMBER", parts="controllers"
    )
    horizontal_pod_autoscaler_cpu_initialization_period: str = _flag(
        "5m0s", "how long after its start a pod's use of CPU may be skipped", metavar="DURATION", parts="controllers"
    )
    horizontal_pod_autoscaler_initial_readiness_delay: str = _flag(
        "30s", "how long after its start a pod that is not ready is starting", metavar="DURATION", parts="controllers"
    )
    node_monitor_grace_period: str = _flag(
        "50s", "how long a node may be silent until it is not ready", metavar="DURATION", parts="controllers"
    )
    node_startup_grace_period: str = _flag("1m0s", "the same for one that just started", metavar="DURATION", parts="controllers")
    terminated_pod_gc_threshold: int = _flag(12500, "how many ended pods are kept", parts="controllers")
    leader_elect: bool = _flag(False, "run controllers and scheduler only while holding their Lease", parts="controllers scheduler")
    verbosity: int = _flag(0, "more log lines: 1 informs, 2 debugs", parts="apiserver controllers scheduler nodes")

    @property
    def directory(self) -> Path:
        """The data directory of this cluster."""
        return Path(self.data_dir) if self.data_dir else data_home() / self.name

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]") or "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def endpoint(self) -> str:
        return self.datastore_endpoint or f"sqlite://{self.directory / 'state.db'}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.directory / "kubeconfig"

    def runs(self, part: str) -> bool:
        return part not in self.disable

    @property
    def chosen_controllers(self) -> tuple[str, ...]:
        """As --controllers says it, with what --disable says appended."""
        return (*self.controllers, *(f"-{name}" for name in self.disable if name not in PARTS))


def data_home() -> Path:
    """Where clusters are kept: $XDG_DATA_HOME/kcompat, or the platform's place for such data."""
    if base := os.environ.get("XDG_DATA_HOME"):
        return Path(base) / "kcompat"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "kcompat"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "kcompat"
    return Path.home() / ".local" / "share" / "kcompat"


def from_mapping(values: dict[str, Any]) -> Settings:
    """Settings from config-file keys (flags without the leading dashes). Raises ValueError for a key that no flag has."""
    known = {f.name.replace("_", "-"): f for f in fields(Settings)}
    chosen: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise ValueError(f"unknown setting {key!r}")
        spec = known[key]
        chosen[spec.name] = _typed(key, value, spec.default)
    return Settings(**chosen)


def _typed(key: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(value.split(",")) if isinstance(value, str) else tuple(str(item) for item in value)
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise ValueError(f"setting {key!r} is true or false, not {value!r}")
    if isinstance(default, int):
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ValueError(f"setting {key!r} is a whole number, not {value!r}") from None
    return str(value)
