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
_REPRESENTATIONS = (*SUPPORTED, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
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
    type: str
    parameters: tuple[tuple[str, str], ...]
    quality: float

    def parameter(self, name: str) -> str:
        return next((value for key, value in self.parameters if key == name), "")


@lru_cache(maxsize=512)
def parse_accept(accept: str) -> tuple[MediaRange, ...]:
    """The clauses of an Accept header, best first; equal ones in the order given."""
    ranges = []
    for clause in accept.split(","):
        main, *rest = (part.strip() for part in clause.split(";"))
        pairs = tuple(tuple(part.split("=", 1)) for part in rest if "=" in part)
        parameters = tuple((key.strip(), value.strip().strip('"')) for key, value in pairs)
        ranges.append(MediaRange(main.lower(), parameters, _quality(parameters)))
    return tuple(sorted(ranges, key=lambda r: -r.quality))


def _quality(parameters: tuple[tuple[str, str], ...]) -> float:
    for key, value in parameters:
        if key == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


@lru_cache(maxsize=512)
def negotiate(accept: str, pretty: bool, transforms: bool = True, stream: bool = False, tables: bool = True) -> Output:
    """The best form we can give; tables: this resource has a Table form. Raises NotAcceptable."""
    if not accept or accept == "*/*":
        return Output(pretty=pretty)
    for clause in parse_accept(accept):
        media_type = _media_type(clause.type)
        if media_type is None or (stream and media_type == YAML):
            continue
        transform = clause.parameter("as")
        if not transform:
            return Output(media_type, pretty=pretty)
        if transform == "Table" and (not tables or media_type == PROTOBUF):
            continue  # tables have no protobuf form
        if transforms and transform in _TRANSFORMS and clause.parameter("g") == "meta.k8s.io" and clause.parameter("v") in ("v1", "v1beta1"):
            return Output(media_type, transform, clause.parameter("v"), pretty)
    raise not_acceptable(accept)


def _media_type(wanted: str) -> str | None:
    """What we write for a media range; None: nothing."""
    if wanted in ("*/*", "application/*", JSON):
        return JSON
    return wanted if wanted in (YAML, PROTOBUF) else None


def not_acceptable(accept: str) -> errors.StatusError:
    """As upstream: an unknown type is refused by the router, a known one that cannot be served by the negotiation."""
    if any(clause.type in SUPPORTED for clause in parse_accept(accept)):
        return errors.not_acceptable(f"only the following media types are accepted: {', '.join(SUPPORTED)}")
    error = errors.not_acceptable("406: Not Acceptable\n\nAvailable representations: " + ", ".join(_REPRESENTATIONS))
    error.details = {}
    return error


def wants_pretty(parameter: str | None, user_agent: str) -> bool:
    """`pretty` as a parameter, else by who asks: people use curl, Wget and browsers (upstream: negotiation.isPrettyPrint)."""
    if parameter is not None:
        return parameter.lower() not in ("false", "0")
    return user_agent.startswith(("curl", "Wget", "Mozilla/5.0"))


def body_type(content_type: str, accepted: tuple[str, ...] = SUPPORTED) -> str:
    """The media type of a body. Raises UnsupportedMediaType."""
    if not content_type:
        return accepted[0]
    media_type = content_type.split(";", 1)[0].strip().lower()
    if media_type not in accepted:
        message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
        raise errors.unsupported_media_type(message)
    return media_type
