"""The class that an annotation makes the default. Called by the plugins for storage and ingress classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta


def default_class(classes: Iterable[Mapping[str, Any]], annotations: Sequence[str]) -> Mapping[str, Any] | None:
    """Of several the newest, of those of one age the first by name (upstream: pkg/volume/util GetDefaultClass)."""
    defaults = [each for each in classes if any(meta.annotations(each).get(annotation) == "true" for annotation in annotations)]
    defaults.sort(key=meta.name)
    return max(defaults, key=meta.creation_timestamp, default=None)
