"""Content negotiation: which form an answer takes, and which form a body has. Called by `api/respond.py` and `api/body.py`.

Upstream: apiserver endpoints/handlers/negotiation/negotiate.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from kcompat.apimachinery import errors

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
SUPPORTED = (JSON, YAML, PROTOBUF)
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
STREAMS = (f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
_TRANSFORMS = {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}


@dataclass(frozen=True, slots=True)
class Output:
    """The form of an answer. `transform` is "" for the object itself, or Table, PartialObjectMetadata(List) of meta.k8s.io."""

    media_type: str = JSON
    transform: str = ""
    version: str = "v1"
    pretty: bool = False

    @property
    def plain(self) -> bool:
        """Whether stored JSON bytes can be sent as they are."""
        return self.media_type == JSON and not self.transform and not self.pretty


@dataclass(frozen=True, slots=True)
class MediaRange:
    """A clause of an Accept header."""

    type: str
    parameters: tuple[tuple[str, str], ...]
    quality: float

    def parameter(self, name: str) -> str:
        return next((value for key, value in reversed(self.parameters) if key == name), "")

    def covers(self, media_type: str) -> bool:
        main, _, sub = self.type.partition("/")
        return self.type == media_type or main == "*" or (sub == "*" and media_type.startswith(f"{main}/"))

    def before(self, other: MediaRange) -> bool:
        """Upstream's order, which is none: a worse clause that names its type goes before a better one that does not."""
        if self.quality > other.quality:
            return True
        return any(one != "*" and two == "*" for one, two in zip(self.type.split("/"), other.type.split("/"), strict=False))


@lru_cache(maxsize=512)
def parse_accept(accept: str) -> tuple[MediaRange, ...]:
    """The clauses of an Accept header, best first (upstream: goautoneg.ParseAccept)."""
    ranges: list[MediaRange] = []
    for clause in accept.split(","):
        main, *rest = (part.strip(" ") for part in clause.split(";"))
        wanted = "*/*" if main == "*" else "/".join(part.strip(" ") for part in main.split("/"))
        if wanted.count("/") != 1 or wanted.endswith("/"):
            continue
        parameters = tuple((part.split("=")[0].strip(" "), part.split("=")[1].strip(" ")) for part in rest if part.count("=") == 1)
        _insert(ranges, MediaRange(wanted, parameters, _quality(parameters)))
    return tuple(ranges)


def _insert(ranges: list[MediaRange], new: MediaRange) -> None:
    """As an insertion sort does, so that the outcome is upstream's even where the order is none."""
    at = len(ranges)
    while at and new.before(ranges[at - 1]):
        at -= 1
    ranges.insert(at, new)


def _quality(parameters: tuple[tuple[str, str], ...]) -> float:
    for key, value in parameters:
        if key == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


@lru_cache(maxsize=512)
def check_route(accept: str, offered: tuple[str, ...] = SUPPORTED) -> None:
    """The router's own look at Accept: one of the offered types must be named, or all accepted. Raises NotAcceptable."""
    named = [part.split(";", 1)[0].strip(" ") for part in accept.split(",")] if accept else ["*/*"]
    if not any(part == "*/*" or part in offered for part in named):
        error = errors.not_acceptable("406: Not Acceptable\n\nAvailable representations: " + ", ".join(offered))
        error.details = {}
        raise error


@lru_cache(maxsize=512)
def negotiate(accept: str, pretty: bool, transforms: bool = True, stream: bool = False, tables: bool = True) -> Output:
    """The best form we can give; tables: this resource has a Table form. Raises NotAcceptable."""
    if not accept or accept == "*/*":
        return Output(pretty=pretty)
    for clause in parse_accept(accept):
        for media_type in SUPPORTED:
            form = _form(clause, media_type, pretty, transforms, tables) if clause.covers(media_type) else None
            if form is not None and not (stream and media_type == YAML):
                return form
            if form is not None:
                raise not_acceptable(STREAMS)
    raise not_acceptable(SUPPORTED)


def _form(clause: MediaRange, media_type: str, pretty: bool, transforms: bool, tables: bool) -> Output | None:
    """The form a clause asks for in this type; None: not to be had (upstream: acceptMediaTypeOptions)."""
    transform, group, version = (clause.parameter(name) for name in ("as", "g", "v"))
    if clause.parameter("stream") not in ("", "watch") or (clause.parameter("stream") and media_type == YAML):
        return None
    if clause.parameter("sv") not in ("", "v1" if transforms else ""):
        return None
    pretty = pretty or clause.parameter("pretty") == "1"
    if not (transform or group or version):
        return Output(media_type, pretty=pretty)
    known = transforms and transform in _TRANSFORMS and group == "meta.k8s.io" and version in ("v1", "v1beta1")
    if not known or (transform == "Table" and (not tables or media_type == PROTOBUF)):
        return None
    return Output(media_type, transform, version, pretty)


def not_acceptable(accepted: tuple[str, ...]) -> errors.StatusError:
    return errors.not_acceptable(f"only the following media types are accepted: {', '.join(accepted)}")


def wants_pretty(parameter: str, user_agent: str) -> bool:
    """`pretty` as a parameter, else by who asks: people use curl, Wget and browsers (upstream: negotiation.isPrettyPrint)."""
    if parameter:
        return parameter in ("1", "t", "T", "true", "TRUE", "True")
    return user_agent.startswith(("curl", "Wget", "Mozilla/5.0"))


def body_type(content_type: str, accepted: tuple[str, ...] = SUPPORTED) -> str:
    """The media type of a body. Raises UnsupportedMediaType."""
    if not content_type:
        return accepted[0]
    media_type, *parameters = (part.strip() for part in content_type.split(";"))
    well_formed = all(part.partition("=")[2] for part in (parameters[:-1] if parameters and not parameters[-1] else parameters))
    if media_type.lower() not in accepted or not well_formed:
        message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
        raise errors.unsupported_media_type(message)
    return media_type.lower()
