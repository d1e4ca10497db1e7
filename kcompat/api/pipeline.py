"""The stages every request passes, whether it came over a socket or from within the process. Called by `api/server.py` and the local transport.

`STAGES` is the order, outermost first (upstream: apiserver pkg/server/config.go:DefaultBuildHandlerChain). A stage takes the
services and the next handler and gives a handler.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

from kcompat.api import documents, respond, routes
from kcompat.api.flow_control.control import FlowControl
from kcompat.api.impersonation import Impersonation
from kcompat.api.max_in_flight import InFlight
from kcompat.api.metrics import METRICS
from kcompat.api.request import Answer, Handler, Request
from kcompat.api.scope import Services
from kcompat.apimachinery import duration, errors
from kcompat.auth.authentication import bearer_token
from kcompat.auth.interface import AuthorizationAttributes, Credentials, Decision, InvalidCredentials
from kcompat.registry.rules.pod.capabilities import ALLOW_PRIVILEGED
from kcompat.registry.store import StorageError

Stage = Callable[[Services, Handler], Handler]
log = logging.getLogger(__name__)
_REQUEST_SECONDS = 60.0
_WARNINGS_LENGTH, _WARNING_LENGTH = 4096, 256
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_AN_INSTANT = 0.0001
"""Too short for any answer, also for one that waits for nothing and could not be stopped."""
_VALIDATED = frozenset(("create", "update", "patch"))
_SLOW = ("watch", "proxy")
_PROFILES = "/debug/pprof/"
_SLOW_SUBRESOURCES = frozenset(("attach", "exec", "proxy", "log", "portforward"))


def panic_recovery(services: Services, following: Handler) -> Handler:
    """Every failure becomes a Status; what nobody foresaw is logged and answered with 500."""

    async def handle(request: Request) -> Answer:
        try:
            return await following(request)
        except errors.StatusError as error:
            return respond.error_response(request, error)
        except StorageError as error:
            log.warning("store: %s", error)
            return respond.error_response(request, errors.service_unavailable("the store is unavailable: " + str(error)))
        except Exception as error:
            if _is_too_deep(error):
                return respond.error_response(request, errors.bad_request("the request is nested too deeply"))
            log.exception("%s %s failed", request.method, request.path)
            return respond.error_response(request, errors.internal_error("an unexpected error occurred; the server's log has the details"))

    return handle


def _is_too_deep(error: Exception) -> bool:
    """A tree deeper than Python calls may nest, or than orjson writes."""
    return isinstance(error, RecursionError) or (isinstance(error, TypeError) and "Recursion limit" in str(error))


def request_information(services: Services, following: Handler) -> Handler:
    """What the URL asks for."""

    async def handle(request: Request) -> Answer:
        try:
            request.info = routes.request_info(request)
        except routes.NoKindError:
            audited = {"Audit-Id": request.headers.get("Audit-ID") or services.identity.uid()}
            return respond.internal_error(request, "failed to create RequestInfo: unable to determine kind and namespace from url", audited)
        return await following(request)

    return handle


def audit_id(services: Services, following: Handler) -> Handler:
    """Names the request, and puts on every answer the headers they all carry."""
    identity = services.identity

    async def handle(request: Request) -> Answer:
        if request.local:
            return await following(request)
        request.audit_id = request.headers.get("Audit-ID") or identity.uid()
        answer = await following(request)
        headers = answer.headers
        headers["Audit-Id"] = request.audit_id
        if request.flow_headers is not None:
            headers.update(request.flow_headers)
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-cache, private"
        if request.warnings:
            headers["Warning"] = warning_header(request.warnings)
        return answer

    return handle


def warning_header(warnings: list[str]) -> str:
    """RFC 7234 warnings, code 299, without repeats; the server writes one header line for each (upstream: endpoints/filters/warning.go).

    A text that cannot stand in a header is left out. When all are too long together, each is cut, and those that come late are left out.
    """
    texts = [text for text in dict.fromkeys(warnings) if text and not _CONTROL.search(text)]
    shown, written, cut = list[str](), 0, False
    for number, text in enumerate(texts):
        if cut and written >= _WARNINGS_LENGTH:
            break
        if not cut and written + len(text) > _WARNINGS_LENGTH:
            cut, shown = True, [earlier[:_WARNING_LENGTH] for earlier in texts[: number + 1]]
            written = sum(map(len, shown))
        else:
            shown.append(text[:_WARNING_LENGTH] if cut else text)
            written += len(shown[-1])
    return "\n".join('299 - "{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"')) for text in shown)


def measured(services: Services, following: Handler) -> Handler:
    """Counts requests for /metrics."""
    clock = services.clock

    async def handle(request: Request) -> Answer:
        started = clock.monotonic()
        answer = await following(request)
        METRICS.observe(request, answer.status, clock.monotonic() - started)
        return answer

    return handle


def is_long_running(request: Request) -> bool:
    """May it take as long as it likes (upstream: BasicLongRunningRequestCheck)?"""
    info = request.info
    return info.verb in _SLOW or info.subresource in _SLOW_SUBRESOURCES or info.path.startswith(_PROFILES)


def deadline(services: Services, following: Handler) -> Handler:
    """Requests that are not long-running end after 60 s with 504."""

    async def handle(request: Request) -> Answer:
        if request.local or is_long_running(request):
            return await following(request)
        seconds = _seconds(request)
        try:
            async with asyncio.timeout(seconds):
                if seconds < _AN_INSTANT:
                    await asyncio.sleep(_AN_INSTANT)
                return await following(request)
        except TimeoutError:
            request.flow_headers = None
            request.warnings.clear()
            return respond.timed_out()

    return handle


def _seconds(request: Request) -> float:
    """The request's own timeout, 60 s at most. Raises BadRequest."""
    text = request.query.get("timeout") if request.query.raw else ""
    if not text:
        return _REQUEST_SECONDS
    try:
        wanted = duration.parse(text) / duration.SECOND
    except duration.DurationError as error:
        raise errors.bad_request(f"invalid timeout specified in the request URL - {error}") from None
    return min(wanted, _REQUEST_SECONDS) if wanted > 0 else _REQUEST_SECONDS


def authentication(services: Services, following: Handler) -> Handler:
    """Who asks. Local requests bring their identity."""
    authenticator = services.authenticator

    async def handle(request: Request) -> Answer:
        if request.local:
            return await following(request)
        headers, peer = request.headers, request.peer
        try:
            token = bearer_token(headers) if "Authorization" in headers or "Upgrade" in headers else None
            if token is None and headers.get("Authorization", "").lower().startswith("bearer  "):
                request.warnings.append("the provided Authorization header contains extra space before the bearer token, and is ignored")
            user = await authenticator.authenticate(Credentials(peer.certificate, token, headers, request.path, peer.intermediates, request.warnings))
        except InvalidCredentials as refusal:
            log.info("authentication failed: %s", refusal)
            user = None
        if user is None:
            raise errors.unauthorized("Unauthorized")
        request.user = user
        return await following(request)

    return handle


def impersonation(services: Services, following: Handler) -> Handler:
    """Impersonate-* headers, each authorized (upstream: endpoints/filters/impersonation)."""
    stage = Impersonation(services)

    async def handle(request: Request) -> Answer:
        if not request.local and any(name[:11].lower() == "impersonate" for name in request.headers):
            await stage.apply(request, attributes_of(request))
        return await following(request)

    return handle


def flow_control(services: Services, following: Handler) -> Handler:
    """Bounds what is being worked on at once; overload is answered with 429 (upstream: filters/priority-and-fairness.go)."""
    control = services.flow_control
    return _max_in_flight(services, following) if control is None else _priority_and_fairness(control, following)


def _priority_and_fairness(control: FlowControl, following: Handler) -> Handler:
    """A seat of its priority level for each request; one to watch gives it back when the watch begins."""

    async def handle(request: Request) -> Answer:
        if request.local or (request.info.verb != "watch" and is_long_running(request)):
            return await following(request)
        if control.stale:
            await control.load()
        flow = control.classify(request.user, request.info)
        request.flow_headers = flow.headers
        level, served = flow.level, control.served(request, flow)
        if not level.try_start(served) and not await level.wait(served, f"{flow.schema}\0{served.distinguisher}", _seconds(request) / 4):
            return respond.too_many_requests(control.retry_after(level))
        try:
            return await following(request)
        finally:
            level.finish(request)

    return handle


def _max_in_flight(services: Services, following: Handler) -> Handler:
    """Without priority and fairness: so many reads and writes, whoever sends them. Health checks and watches are not counted."""
    limits = InFlight(services.settings["max_requests_inflight"], services.settings["max_mutating_requests_inflight"])

    async def handle(request: Request) -> Answer:
        if request.local or request.info.verb in _SLOW or not request.info.resource_request:
            return await following(request)
        with limits.admit(request.method) as admitted:
            return await following(request) if admitted else respond.too_many_requests(1)

    return handle


def authorization(services: Services, following: Handler) -> Handler:
    """May they. Upstream: endpoints/filters/authorization.go."""
    authorizer = services.authorizer

    async def handle(request: Request) -> Answer:
        asked = attributes_of(request)
        verdict = await authorizer.authorize(asked)
        if verdict.decision is not Decision.ALLOW:
            raise respond.refused(asked, verdict.reason)
        return await following(request)

    return handle


def attributes_of(request: Request) -> AuthorizationAttributes:
    info = request.info
    if not info.resource_request:
        return AuthorizationAttributes(request.user, info.verb, path=info.path, resource_request=False)
    if info.verb not in ("list", "watch", "deletecollection") or not request.query.raw:
        return AuthorizationAttributes(
            request.user, info.verb, info.group, info.version, info.resource, info.subresource, info.namespace, info.name, info.path
        )
    query, name = request.query, info.name or _selected_name(request)
    return AuthorizationAttributes(
        request.user, info.verb, info.group, info.version, info.resource, info.subresource, info.namespace, name, info.path,
        field_selector=query.get("fieldSelector"), label_selector=query.get("labelSelector"),
    )  # fmt: skip


def _selected_name(request: Request) -> str:
    """A list or watch of one name is authorized as of that name."""
    if request.query.raw and request.info.verb in ("list", "watch"):
        for term in request.query.get("fieldSelector").split(","):
            if term.startswith("metadata.name=") and "/" not in term:
                return term.removeprefix("metadata.name=").removeprefix("=")
    return ""


def dispatch(services: Services) -> Handler:
    """The innermost handler: a verb on a resource, or a document."""
    allow_privileged = services.settings["allow_privileged"]

    async def handle(request: Request) -> Answer:
        if not request.info.resource_request:
            return await documents.handle(request, services)
        if request.info.verb in _VALIDATED:
            ALLOW_PRIVILEGED.set(allow_privileged)
        verb, scope = routes.scope_of(request, services)
        return await verb(request, scope)

    return handle


STAGES: tuple[Stage, ...] = (
    request_information,
    audit_id,
    measured,
    panic_recovery,
    deadline,
    authentication,
    impersonation,
    flow_control,
    authorization,
)


def build(services: Services) -> Handler:
    """The whole pipeline as one handler."""
    handler = dispatch(services)
    for stage in reversed(STAGES):
        handler = stage(services, handler)
    return handler


