"""Label and field selectors, the door to both. Called by the watch cache, list and watch, controllers and the scheduler.

parse_label_selector("app=web,!legacy").matches(meta.labels(pod))
parse_field_selector("spec.nodeName=node-1").requires_exact_match("spec.nodeName")
"""

from kcompat.apimachinery.field_selectors import (
    ALL_FIELDS,
    FieldRequirement,
    FieldSelector,
    from_fields,
)
from kcompat.apimachinery.field_selectors import escape as escape_field_value
from kcompat.apimachinery.field_selectors import parse as parse_field_selector
from kcompat.apimachinery.label_parser import parse as parse_label_selector
from kcompat.apimachinery.label_selectors import (
    EVERYTHING,
    NOTHING,
    LabelSelector,
    Requirement,
    SelectorError,
    from_label_selector,
    from_labels,
    new_requirement,
)

__all__ = [
    "ALL_FIELDS",
    "EVERYTHING",
    "NOTHING",
    "FieldRequirement",
    "FieldSelector",
    "LabelSelector",
    "Requirement",
    "SelectorError",
    "escape_field_value",
    "from_fields",
    "from_label_selector",
    "from_labels",
    "new_requirement",
    "parse_field_selector",
    "parse_label_selector",
]
