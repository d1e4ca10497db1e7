"""The errors by which plugins deny (upstream: apiserver pkg/admission/errors.go)."""

from __future__ import annotations

from kcompat.admission.interface import Attributes
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.errors import StatusError


def forbidden(attributes: Attributes, message: object) -> StatusError:
    """403 on the object that was to be written. An error that is one already stays as it is."""
    if isinstance(message, StatusError) and message.reason == "Forbidden":
        return message
    return errors.forbidden(attributes.group, attributes.resource, name_of(attributes), str(message))


def not_found(attributes: Attributes) -> StatusError:
    return errors.not_found(attributes.group, attributes.resource, name_of(attributes))


def name_of(attributes: Attributes) -> str:
    """The object's name, or what there is before it has one (upstream: extractResourceName)."""
    tree = attributes.object or {}
    return attributes.name or meta.name(tree) or meta.generate_name(tree) or "Unknown"


def failure(message: str) -> StatusError:
    """What upstream answers where a plugin returns a bare error: 500 without a reason."""
    return StatusError(500, "", message)
