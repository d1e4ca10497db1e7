"""Joins the parts: the only module that knows all of them. `ControlPlane` is a running server; `Cluster` embeds one in a program.

    with Cluster(nodes=3) as cluster:
        cluster.kubeconfig      # a file for stock clients
        cluster.client()        # a kubernetes.client.ApiClient
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from kcompat.admission import chain
from kcompat.admission import configuration as admission_configuration
from kcompat.admission.interface import Access
from kcompat.admission.interface import Services as AdmissionServices
from kcompat.api import pipeline
from kcompat.api.flow_control.control import FlowControl
from kcompat.api.own_writes import OwnWrites
from kcompat.api.request import Handler, Peer, Query, Request, Response, StreamResponse
from kcompat.api.scope import Services
from kcompat.api.server import Listener, tls_context
from kcompat.api.tokens import TokenService
from kcompat.apimachinery import feature_gates
from kcompat.apimachinery.clock import Clock, Identity, SystemClock
from kcompat.apimachinery.remote_command import Kubelet
from kcompat.apimachinery.user import AUTHENTICATED, MASTERS, UserInfo
from kcompat.auth import authorization, certificates, escalation
from kcompat.auth.authentication import Authentication
from kcompat.auth.authenticators.anonymous import AnonymousAuthenticator
from kcompat.auth.authenticators.legacy_service_account import LegacyServiceAccountAuthenticator
from kcompat.auth.authenticators.request_header import RequestHeaderAuthenticator, RequestHeaderSettings
from kcompat.auth.authenticators.service_account import ServiceAccountAuthenticator
from kcompat.auth.authenticators.token_file import TokenFileAuthenticator, read_token_file
from kcompat.auth.authenticators.x509 import X509Authenticator
from kcompat.auth.interface import AuthorizationAttributes, Decision
from kcompat.auth.kubeconfig import Kubeconfig
from kcompat.auth.rule_resolver import RuleResolver
from kcompat.auth.tokens import KeySet, TokenIssuer
from kcompat.client.agent import agent_of
from kcompat.client.client import Client
from kcompat.client.local import LocalAnswer, LocalTransport
from kcompat.config import Settings
from kcompat.controller_settings import Own, controller_settings
from kcompat.ensure import ensure_objects, ensure_policy
from kcompat.flow_configuration import FlowConfiguration, mandatory
from kcompat.leading import keep_running, run_leading
from kcompat.registrations import Registrations
from kcompat.registry import admin_access, bootstrap, runtime_config
from kcompat.registry.catalog import Catalog, default_catalog
from kcompat.registry.stores import CacheReader, Stores
from kcompat.service_network import ServiceNetwork
from kcompat.storage.backends import open_backend
from kcompat.storage.interface import Backend
from kcompat.storage.watch_cache import WatchCache

if TYPE_CHECKING:
    import kubernetes.client

    from kcompat.api.openapi import OpenAPI
    from kcompat.scheduler.settings import SchedulerSettings

log = logging.getLogger(__name__)
T = TypeVar("T")


class ControlPlane:
    """A whole control plane on one event loop: API server over a store, controllers, scheduler, simulated nodes."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, identity: Identity | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.identity = identity or Identity()
        feature_gates.check(settings.feature_gates)
        self._own_writes = OwnWrites(lambda: self.services)
        self.catalog: Catalog = default_catalog(self.clock, self.identity)
        runtime_config.apply(self.catalog, settings.runtime_config)
        self.handler: Handler
        self.pki: certificates.Pki
        self.listener: Listener
        self._stack: list[Callable[[], Awaitable[None]]] = []
        self._parts: dict[str, Any] = {}
        self._ready = False

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Returns when requests are answered and the kubeconfig is written. Raises OSError (address taken), ValueError (bad setting)."""
        settings = self.settings
        settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.pki = certificates.open_pki(settings.directory / "pki", self.clock, self._hosts())
        await self._open_store()
        await self._build_api()
        await self.service_network.repair.ports()
        await self._listen()
        await self._ensure_objects()
        self._background("service repair", self.service_network.run)
        self.write_kubeconfig()
        await self._start_parts()
        self._ready = True

    async def stop(self) -> None:
        """Stops in the reverse order of the start. Idempotent."""
        self._ready = False
        while self._stack:
            await self._stack.pop()()

    def _hosts(self) -> tuple[str, ...]:
        first = str(ip_network(self.settings.service_cluster_ip_range.split(",")[0])[1])
        advertised = self.settings.advertise_address
        more = [host for host in (self.settings.host, advertised) if host not in ("0.0.0.0", "::", "")]
        return certificates.serving_hosts(*more, hostname=socket.gethostname(), service_ip=first)

    async def _ensure_objects(self) -> None:
        """Writes what every cluster starts with, through the API, as the API server itself."""
        client = self._own_client()
        await self.service_network.default.sync()
        if self.flow_control is not None:
            configuration = FlowConfiguration(self.flow_control, client, self.catalog, self.clock)
            await configuration.ensure()
            self._background("priority and fairness", configuration.run)
        await ensure_objects(client, self.catalog, bootstrap.objects(self._bootstrap_facts()), bootstrap.changed)
        await ensure_policy(client, self.stores)
        self._background("registrations", Registrations(self.reader, client, self.clock).run)

    def _own_client(self) -> Client:
        return self.client_for("system:apiserver", (MASTERS,))

    def _bootstrap_facts(self) -> bootstrap.Start:
        settings = self.settings
        cidrs = settings.service_cluster_ip_range.split(",")
        return bootstrap.Start(
            service_ip=str(ip_network(cidrs[0])[1]),
            advertise_address=settings.advertise_address or _own_address(settings.host),
            advertise_port=self.listener.port,
            today=self.clock.now().strftime("%Y-%m-%d"),
            client_ca=self.pki.ca.certificate_pem.decode(),
            request_header_ca=self._request_header_ca(),
            request_header=self._request_header_settings().by_flag(),
            group_versions=[(group, version) for group in self.catalog.groups() for version in self.catalog.versions(group)],
        )

    def _request_header_ca(self) -> str:
        file = self.settings.requestheader_client_ca_file
        return Path(file).read_text() if file else self.pki.front_proxy_ca.certificate_pem.decode()

    async def _open_store(self) -> None:
        settings = self.settings
        self.backend: Backend = open_backend(
            settings.endpoint,
            clock=self.clock,
            durability="relaxed" if settings.durability == "relaxed" else "full",
            ca_file=settings.etcd_cafile or None,
            cert_file=settings.etcd_certfile or None,
            key_file=settings.etcd_keyfile or None,
        )
        await self.backend.start()
        self._stack.append(self.backend.close)
        self.cache = WatchCache(self.backend)
        await self.cache.start()
        self._stack.append(self.cache.close)
        self.stores = Stores(self.catalog, self.cache, self.clock, self.identity, {"event_ttl": settings.event_ttl})
        cidrs, ports = settings.service_cluster_ip_range, settings.service_node_port_range
        self.service_network = ServiceNetwork(self.stores, self.clock, self.identity, cidrs, ports, self._own_client)
        self.stores.hooks["services"] = self.service_network.hooks
        self.reader = CacheReader(self.stores)
        self.stores.checks |= admin_access.checks(self.reader)

    # -- the API server ------------------------------------------------------------------------------------------------

    async def _build_api(self) -> None:
        settings = self.settings
        resolver = RuleResolver(self.reader)
        authorizer = authorization.build(settings.authorization_mode, self.reader, resolver)
        authenticator, tokens = self._authentication()
        guard = escalation.EscalationCheck(authorizer, resolver).check if "RBAC" in settings.authorization_mode else None

        async def may(access: Access) -> tuple[bool, str]:
            asked = AuthorizationAttributes(
                access.user, access.verb, access.group, "*", access.resource, access.subresource, access.namespace, access.name
            )
            verdict = await authorizer.authorize(asked)
            return verdict.decision is Decision.ALLOW, verdict.reason

        self.flow_control = self._flow_control()
        configuration = admission_configuration.read(settings.admission_control_config_file)
        plugins = AdmissionServices(
            self.reader,
            self.clock,
            self.identity,
            may,
            configuration=configuration,
            resources_of_kind=self._resources_of_kind,
            update_status=self._own_writes.update_status,
        )
        self.services = Services(
            catalog=self.catalog,
            stores=self.stores.of,
            admission=chain.build(plugins, settings.enable_admission_plugins, settings.disable_admission_plugins, guard=guard),
            authenticator=authenticator,
            authorizer=authorizer,
            clock=self.clock,
            identity=self.identity,
            openapi=_openapi,
            settings=self._api_settings(),
            tokens=tokens,
            flow_control=self.flow_control,
            kubelet=self._kubelet,
            kubelet_tls=cache(self._kubelet_tls),
        )
        self.handler = pipeline.build(self.services)

    def _kubelet_tls(self) -> ssl.SSLContext:
        """Made when the first real kubelet is spoken to."""
        from kcompat.auth.kubelet_client import tls_context

        settings, directory = self.settings, self.settings.directory / "pki"
        files = (settings.kubelet_client_certificate, settings.kubelet_client_key, settings.kubelet_certificate_authority)
        return tls_context(directory, self.pki, self.clock, *files)

    def _kubelet(self, name: str) -> Kubelet | None:
        nodes = self._parts.get("nodes")
        return nodes.remote(name) if nodes is not None else None

    def _flow_control(self) -> FlowControl | None:
        """Raises ValueError."""
        reads, writes = self.settings.max_requests_inflight, self.settings.max_mutating_requests_inflight
        if not self.settings.enable_priority_and_fairness:
            return None
        if reads + writes <= 0:
            wrong = f"MaxRequestsInFlight={reads} and MaxMutatingRequestsInFlight={writes}"
            raise ValueError(f"invalid configuration: {wrong}; they must add up to something positive")
        return FlowControl(self.reader, self.clock, reads + writes, mandatory())

    def _resources_of_kind(self, api_version: str, kind: str) -> list[tuple[str, str, bool]]:
        group, _, version = api_version.rpartition("/")
        resource = self.catalog.by_kind(group, version, kind)
        return [(resource.group, resource.name, resource.namespaced)] if resource is not None else []

    def _api_settings(self) -> dict[str, Any]:
        settings = self.settings
        checks = {"ping": _healthy, "log": _healthy, "etcd": self._check_store, "poststarthook/start-controllers": self._check_ready}
        return {
            "max_requests_inflight": settings.max_requests_inflight,
            "max_mutating_requests_inflight": settings.max_mutating_requests_inflight,
            "allow_privileged": settings.allow_privileged,
            "advertise_address": settings.advertise_address or settings.listen,
            "health_checks": checks,
            "components": {"etcd-0": self._check_store, "scheduler": self._check_part("scheduler"), "controller-manager": self._check_part("controllers")},
        }

    async def _check_store(self) -> None:
        await self.backend.revision()

    async def _check_ready(self) -> None:
        if not self._ready:
            raise RuntimeError("still starting")

    def _check_part(self, part: str) -> Callable[[], Awaitable[None]]:
        async def check() -> None:
            if part not in self._parts:
                raise RuntimeError(f"{part} does not run in this process")

        return check

    def _authentication(self) -> tuple[Authentication, TokenService]:
        settings, clock = self.settings, self.clock
        signing = settings.service_account_signing_key_file
        key = certificates.load_private_key(Path(signing).read_bytes()) if signing else self.pki.service_account_key
        public = [k for file in settings.service_account_key_file for k in certificates.load_public_keys(Path(file).read_bytes())]
        keys = KeySet([*public, key.public_key()])
        issuers = settings.service_account_issuer
        audiences = settings.api_audiences or issuers
        token_authenticators: list[Any] = [
            ServiceAccountAuthenticator(issuers, keys, audiences, self.reader, clock),
            LegacyServiceAccountAuthenticator(keys, audiences, self.reader, clock, self._own_writes.label_secret),
        ]
        if settings.token_auth_file:
            token_authenticators.insert(0, TokenFileAuthenticator(read_token_file(Path(settings.token_auth_file)), audiences))
        x509 = X509Authenticator(self._client_authorities(), clock)
        anonymous = AnonymousAuthenticator() if self._lets_anonymous_in() else None
        proxy = RequestHeaderAuthenticator(self._front_proxy_authorities(), self._request_header_settings(), clock)
        authentication = Authentication([proxy, x509], token_authenticators, clock, anonymous, audiences)
        issuer = TokenIssuer(issuers[0], key, clock, self.identity)
        address = settings.advertise_address or settings.listen
        return authentication, TokenService(issuer, keys, audiences, authentication, self.reader, clock, address)

    def _lets_anonymous_in(self) -> bool:
        """Not where everything is allowed (upstream: kubeapiserver pkg/options BuiltInAuthenticationOptions.ApplyAuthorization)."""
        if self.settings.anonymous_auth and "AlwaysAllow" in self.settings.authorization_mode:
            log.warning("--anonymous-auth is off: it is not allowed together with the authorization mode AlwaysAllow")
            return False
        return self.settings.anonymous_auth

    def _front_proxy_authorities(self) -> list[Any]:
        from cryptography import x509

        file = self.settings.requestheader_client_ca_file
        return x509.load_pem_x509_certificates(Path(file).read_bytes()) if file else [self.pki.front_proxy_ca.certificate]

    def _request_header_settings(self) -> RequestHeaderSettings:
        """Raises ValueError."""
        settings = self.settings
        found = RequestHeaderSettings(
            settings.requestheader_allowed_names, settings.requestheader_username_headers, settings.requestheader_uid_headers,
            settings.requestheader_group_headers, settings.requestheader_extra_headers_prefix,
        )  # fmt: skip
        for flag, values in found.by_flag().items():
            if any(not value.strip() for value in values):
                raise ValueError(f'empty value in "requestheader-{flag}"')
        return found

    def _client_authorities(self) -> list[Any]:
        from cryptography import x509

        file = self.settings.client_ca_file
        own = [self.pki.ca.certificate]
        return [*own, *x509.load_pem_x509_certificates(Path(file).read_bytes())] if file else own

    async def _listen(self) -> None:
        settings, pki = self.settings, self.settings.directory / "pki"
        certificate = settings.tls_cert_file or str(pki / "apiserver.crt")
        key = settings.tls_private_key_file or str(pki / "apiserver.key")
        context = tls_context(certificate, key, str(pki / "ca.crt"))
        context.load_verify_locations(settings.requestheader_client_ca_file or str(pki / "front-proxy-ca.crt"))
        if settings.client_ca_file:
            context.load_verify_locations(settings.client_ca_file)
        self.listener = Listener(self.handler, settings.host, settings.port, context)
        await self.listener.start()
        self._stack.append(self.listener.close)

    @property
    def url(self) -> str:
        host = self.settings.advertise_address or self.settings.host
        host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        return f"https://{f'[{host}]' if ':' in host else host}:{self.listener.port}"

    def write_kubeconfig(self) -> None:
        """The administrator's kubeconfig, in the data directory and where the settings say."""
        mode = int(self.settings.write_kubeconfig_mode, 8)
        authority = Path(self.settings.tls_cert_file).read_bytes() if self.settings.tls_cert_file else self.pki.ca.certificate_pem
        kubeconfig = Kubeconfig(self.settings.name, self.url, authority, "admin", self.pki.admin())
        kubeconfig.write(self.settings.kubeconfig, mode)
        if self.settings.write_kubeconfig:
            kubeconfig.write(Path(self.settings.write_kubeconfig), mode)

    # -- clients within the process ------------------------------------------------------------------------------------

    async def local(self, user: UserInfo, method: str, path: str, query: str, body: Any, content_type: str) -> LocalAnswer:
        """client.local.Pipeline: a request of this process, through every stage but those of the socket."""
        headers = {"Content-Type": content_type, "User-Agent": agent_of(user.name)}
        request = Request(method, path, Query(query), headers, _no_body, _LOCAL, body, user, local=True)
        answer = await self.handler(request)
        if isinstance(answer, StreamResponse):
            return LocalAnswer(answer.status, events=answer.events)
        assert isinstance(answer, Response)
        return LocalAnswer(answer.status, _tree(answer))

    def client_for(self, name: str, groups: tuple[str, ...] = ()) -> Client:
        """A client in process that acts as this user."""
        if name.startswith("system:serviceaccount:"):
            namespace = name.split(":")[2]
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", *groups)
        user = UserInfo(name, groups=(*groups, AUTHENTICATED))
        return Client(LocalTransport(self.local, user))

    # -- controllers, scheduler, nodes ---------------------------------------------------------------------------------

    async def _start_parts(self) -> None:
        settings = self.settings
        if settings.runs("controllers"):
            await self._start_controllers()
        if settings.runs("scheduler"):
            await self._start_scheduler()
        if settings.runs("nodes") and settings.nodes:
            await self._start_nodes()

    async def _start_controllers(self) -> None:
        from kcompat.controllers.manager import Manager

        told = controller_settings(self.settings, self._own_authority(), self.clock, self.identity)
        manager = Manager(
            self.client_for, names=self.settings.chosen_controllers, settings=told, clock=self.clock, identity=self.identity
        )
        if self.settings.leader_elect:
            self._background("controllers", self._leading("kube-controller-manager", "system:kube-controller-manager", manager.run))
            return
        await manager.start()
        self._stack.append(manager.stop)
        self._parts["controllers"] = manager

    def _own_authority(self) -> Own:
        files = self.pki.directory
        token_key = self.settings.service_account_signing_key_file or str(files / "sa.key")
        return Own(self.pki.ca.certificate_pem.decode(), (str(files / "ca.crt"), str(files / "ca.key")), token_key)

    async def _start_scheduler(self) -> None:
        from kcompat.scheduler import configuration

        work, file = partial(self._schedule, configuration.load(self.settings.scheduler_config)), self.settings.scheduler_config
        if configuration.leader_election(file) or self.settings.leader_elect:
            self._background("scheduler", self._leading("kube-scheduler", "system:kube-scheduler", work))
        else:
            self._background("scheduler", work)

    async def _schedule(self, settings: SchedulerSettings) -> None:
        """Schedules until cancelled."""
        from kcompat.client.informer import InformerFactory
        from kcompat.scheduler.loop import run_scheduler

        client = self.client_for("system:kube-scheduler")
        factory = InformerFactory(client, self.identity)
        scheduler = asyncio.create_task(run_scheduler(client, factory, self.clock, self.identity, settings))
        await asyncio.sleep(0)  # it registers its informers before they start
        factory.start()
        try:
            await scheduler
        finally:
            scheduler.cancel()
            await factory.stop()

    def _leading(self, lease: str, user: str, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        return lambda: run_leading(self.client_for(user), lease, work, self.clock, self.identity)

    async def _start_nodes(self) -> None:
        from kcompat.client.informer import InformerFactory
        from kcompat.nodes.settings import NodeSettings
        from kcompat.nodes.simulated import SimulatedNodes

        factory = InformerFactory(self.client_for("system:kube-controller-manager"), self.identity)
        wanted = NodeSettings(missing_images=self.settings.missing_images)
        nodes = SimulatedNodes(self.client_for, factory, self.clock, self.identity, wanted, self.settings.nodes)
        factory.start()
        self._stack.append(factory.stop)
        self._stack.append(nodes.stop)
        self._background("nodes", nodes.start)  # as kubelets do, they join a cluster that is up
        self._parts["nodes"] = nodes

    def _background(self, part: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(keep_running(part, work), name=part)
        self._parts[part] = task
        self._stack.append(lambda: _cancelled(task))


_LOCAL = Peer("127.0.0.1")


def _own_address(host: str) -> str:
    """An address of this machine that others can reach; endpoints may not hold a loopback address."""
    if host not in ("0.0.0.0", "::") and not ip_address(host if host != "localhost" else "127.0.0.1").is_loopback:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("10.255.255.255", 1))  # sends nothing: asks the routing table
        address: str = probe.getsockname()[0]
        if not ip_address(address).is_loopback:
            return address
    return "192.0.2.1"


@cache
def _openapi() -> OpenAPI:
    """Made when first asked for: most clusters never are, and it is large."""
    from kcompat.api.openapi import OpenAPI

    return OpenAPI()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _no_body() -> bytes:
    return b""


async def _healthy() -> None:
    """Answering at all is the check."""


def _tree(answer: Response) -> Any:
    """Local answers carry trees; documents made as bytes (OpenAPI, health) are given as text."""
    if answer.tree is not None:
        return answer.tree
    assert isinstance(answer.body, bytes), "local lists are trees"
    return answer.body.decode("utf-8", "replace")


class Cluster:
    """A control plane in this process, on a thread with an event loop of its own, for programs and tests. Memory store, free port.

    Also an async context manager. Keyword arguments are those of config.Settings.
    """

    def __init__(self, nodes: int = 1, **settings: Any) -> None:
        self._temporary = None if "data_dir" in settings else tempfile.TemporaryDirectory(prefix="kcompat-")
        defaults = {"listen": "127.0.0.1:0", "datastore_endpoint": "memory://", "data_dir": self._temporary.name if self._temporary else ""}
        self.settings = replace(Settings(), **{**defaults, **settings, "nodes": nodes})
        self.control_plane: ControlPlane
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def kubeconfig(self) -> str:
        """Path of the administrator's kubeconfig."""
        return str(self.settings.kubeconfig)

    @property
    def url(self) -> str:
        return self.control_plane.url

    def client(self) -> kubernetes.client.ApiClient:
        """A client of the Python `kubernetes` package, which must be installed."""
        from kubernetes import config

        client: kubernetes.client.ApiClient = config.new_client_from_config(self.kubeconfig)  # type: ignore[no-untyped-call]
        return client

    def start(self) -> Cluster:
        """Starts; returns when requests are answered. Raises what ControlPlane.start raises."""
        started: list[BaseException] = []
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready, started), name="kcompat", daemon=True)
        self._thread.start()
        ready.wait()
        if started:
            self._thread.join()
            self._thread = self._loop = None
            self.stop()
            raise started[0]
        return self

    def stop(self) -> None:
        """Stops and removes the temporary data. Idempotent."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._loop = self._thread = None
        if self._temporary is not None:
            self._temporary.cleanup()

    def run(self, work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
        """Runs `work(control_plane, *arguments)` on the cluster's loop and waits for its result."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work(self.control_plane, *arguments), self._loop).result()

    def _run(self, ready: threading.Event, failed: list[BaseException]) -> None:
        try:
            asyncio.run(self._main(ready))
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    async def _main(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self.control_plane = ControlPlane(self.settings)
        try:
            await self.control_plane.start()
            ready.set()
            await self._stopping.wait()
        finally:
            await self.control_plane.stop()

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> Cluster:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self.stop)
