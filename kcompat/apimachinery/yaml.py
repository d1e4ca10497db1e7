"""YAML bodies as sigs.k8s.io/yaml turns them into JSON and back. Called by content negotiation and by apply patches.

Reading and writing of the text itself is libyaml's through PyYAML; what the events mean is decided here and in yaml_scalar.
"""

import functools
import math
import struct
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

import yaml as pyyaml

from kcompat.apimachinery.quote import float_text, json_text, quote
from kcompat.apimachinery.yaml_scalar import YAMLError, needs_quotes, resolve, short_tag

__all__ = ["YAMLError", "dump", "loads"]

_LOADER: Any = getattr(pyyaml, "CLoader", pyyaml.Loader)
_DUMPER: Any = getattr(pyyaml, "CDumper", pyyaml.Dumper)
_BREAKS: Final = frozenset("\x85\u2028\u2029")
_MAX_DEPTH: Final = 10_000


def loads(data: bytes) -> tuple[Any, list[str]]:
    """The first document as a JSON tree, and the strict decoder's complaint about duplicate keys, if any (one text for all of them).

    The last of duplicate keys wins; keys that are no strings become strings; an empty stream is None. Raises YAMLError.
    """
    composer = _Composer()
    try:
        for event in pyyaml.parse(data, Loader=_LOADER):
            if isinstance(event, pyyaml.DocumentEndEvent):
                break
            composer.feed(event)
    except pyyaml.YAMLError as error:
        raise YAMLError(f"yaml: {_explained(error)}") from None
    except RecursionError:  # merges within merges within merges
        raise YAMLError(f"yaml: exceeded max depth of {_MAX_DEPTH}") from None
    duplicates = ["yaml: unmarshal errors:\n" + "\n".join(f"  {text}" for text in composer.duplicates)] if composer.duplicates else []
    return composer.document, duplicates


def _explained(error: Any) -> str:
    """libyaml's complaint as go-yaml words it (decode.go: parser.fail)."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unknown problem parsing YAML content"
    line = error.problem_mark.line if getattr(error, "problem_mark", None) else 0
    if line and isinstance(error, pyyaml.scanner.ScannerError):
        line += 1
    elif not line and getattr(error, "context_mark", None):
        line = error.context_mark.line
    return f"line {line}: {problem}" if line else str(problem)


class _Node:
    """A finished value: what it is in JSON terms, its kind, line, how many nodes reading it took, and its parts if it has any.

    `end`: its number among the finished.
    """

    __slots__ = ("end", "is_merge", "items", "kind", "line", "size", "value")

    def __init__(self, value: Any, kind: str, line: int, size: int = 1, items: Sequence["_Node"] = (), *, is_merge: bool = False) -> None:
        self.value, self.kind, self.line, self.size, self.items, self.is_merge = value, kind, line, size, items, is_merge
        self.end = 0


class _Open:
    """A sequence or mapping whose end has not come yet."""

    __slots__ = ("anchor", "items", "line", "mapping")

    def __init__(self, mapping: bool, anchor: str | None, line: int) -> None:
        self.mapping, self.anchor, self.line = mapping, anchor, line
        self.items: list[_Node] = []


class _Composer:
    """Builds the document from events, without recursion, counting what aliases multiply."""

    def __init__(self) -> None:
        self.document: Any = None
        self._duplicates: list[tuple[int, str]] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, _Node | None] = {}
        self._decoded = 0
        self._aliased = 0
        self._ended = 0

    @property
    def duplicates(self) -> list[str]:
        """What is said of keys that occur again, in the order in which their values end."""
        return [text for _, text in sorted(self._duplicates, key=itemgetter(0))]

    def feed(self, event: Any) -> None:
        if isinstance(event, pyyaml.ScalarEvent):
            self._finish(self._scalar(event), event.anchor)
        elif isinstance(event, pyyaml.MappingStartEvent | pyyaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, pyyaml.MappingEndEvent | pyyaml.SequenceEndEvent):
            ended = self._open.pop()
            size = 1 + sum(node.size for node in ended.items)
            value = self._mapping(ended.items) if ended.mapping else [_json_value(node.value) for node in ended.items]
            self._finish(_Node(value, "map" if ended.mapping else "seq", ended.line, size, ended.items), ended.anchor)
        elif isinstance(event, pyyaml.AliasEvent):
            self._finish(self._alias(event), None)

    def _begin(self, event: Any) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise YAMLError(f"yaml: exceeded max depth of {_MAX_DEPTH}")
        if event.anchor:
            self._anchors[event.anchor] = None
        self._decoded += 1
        self._open.append(_Open(isinstance(event, pyyaml.MappingStartEvent), event.anchor, event.start_mark.line + 1))

    def _scalar(self, event: Any) -> _Node:
        self._decoded += 1
        tag = short_tag(event.tag)
        plain = bool(event.implicit[0])
        value = event.value if tag == "!" or (not tag and not plain) else resolve(tag, event.value)
        is_merge = event.value == "<<" and (plain or tag == "!!merge")
        return _Node(value, "scalar", event.start_mark.line + 1, is_merge=is_merge)

    def _alias(self, event: Any) -> _Node:
        if event.anchor not in self._anchors:
            raise YAMLError(f"yaml: unknown anchor '{event.anchor}' referenced")
        node = self._anchors[event.anchor]
        if node is None:
            raise YAMLError(f"yaml: anchor '{event.anchor}' value contains itself")
        self._decoded += 1 + node.size
        self._aliased += node.size
        if self._aliased > 100 and self._decoded > 1000 and self._aliased / self._decoded > _allowed_alias_ratio(self._decoded):
            raise YAMLError("yaml: document contains excessive aliasing")
        kind = "alias of " + node.kind.removeprefix("alias of ")
        return _Node(node.value, kind, event.start_mark.line + 1, node.size + 1, node.items)

    def _finish(self, node: _Node, anchor: str | None) -> None:
        self._ended += 1
        node.end = self._ended
        if anchor:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].items.append(node)
        else:
            self.document = _json_value(node.value)

    def _mapping(self, items: Sequence[_Node]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        self._fill(mapping, items)
        return mapping

    def _fill(self, mapping: dict[str, Any], items: Sequence[_Node]) -> None:
        for key, value in zip(items[::2], items[1::2], strict=True):
            if key.is_merge:
                for source in _merge_sources(value):
                    self._fill(mapping, source.items)
            else:
                self._set(mapping, _key_text(key.value, value.value), key.value, value)

    def _set(self, mapping: dict[str, Any], name: str, key: Any, value: _Node) -> None:
        if name in mapping:
            self._duplicates.append((value.end, f"line {value.line}: key {_go_syntax(key)} already set in map"))
        mapping[name] = _json_value(value.value)


def _allowed_alias_ratio(decoded: int) -> float:
    """Small documents may be nearly all aliases, large ones a tenth (decode.go: allowedAliasRatio)."""
    return min(0.99, max(0.10, 0.99 - 0.89 * (decoded - 400_000) / 3_600_000))


def _merge_sources(node: _Node) -> Sequence[_Node]:
    """The mappings that `<<` brings in, in the order they are applied; of a sequence, earlier ones win."""
    maps = ("map", "alias of map")
    if node.kind in maps:
        return (node,)
    if node.kind == "seq" and all(item.kind in maps for item in node.items):
        return node.items[::-1]
    raise YAMLError("yaml: map merge requires map or sequence of maps as the value")


def _json_value(value: Any) -> Any:
    """A number as it comes out of the JSON in between: 8.0 is written 8 and read as an integer."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise YAMLError(f"json: unsupported value: {'NaN' if math.isnan(value) else '+Inf' if value > 0 else '-Inf'}")
    return int(value) if value.is_integer() and -(2**63) <= value < 2**63 else value


def _key_text(key: Any, value: Any) -> str:
    """A key of any kind as the string JSON needs (sigs.k8s.io/yaml: convertToJSONableObject)."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, float):
        return _float_key(key)
    if isinstance(key, dict | list):
        raise YAMLError(f"yaml: invalid map key: {_go_syntax(key)}")
    if key is None:
        raise YAMLError(f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {_go_syntax(value)}")
    return str(key)


def _float_key(key: float) -> str:
    """The key in the few digits of a 32 bit float, as upstream writes it."""
    special = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(str(key))
    if special or abs(key) > 3.4e38:
        return special or float_text(key)
    single = struct.unpack("f", struct.pack("f", key))[0]
    shorter = (float(f"{single:.{digits}g}") for digits in range(1, 10))
    return float_text(next((number for number in shorter if struct.pack("f", number) == struct.pack("f", single)), single))


def _go_syntax(value: Any) -> str:
    """A value as Go's %#v shows it."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        entries = ", ".join(f"{quote(key)}:{_go_syntax(item)}" for key, item in sorted(value.items()))
        return f"map[interface {{}}]interface {{}}{{{entries}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    return "interface {}(nil)" if value is None else json_text(value)


def dump(tree: Any) -> bytes:
    """Writes a tree as sigs.k8s.io/yaml does: keys in natural order, lists not indented, multi-line strings as literals."""
    text: bytes = pyyaml.emit(_events(tree), Dumper=_DUMPER, allow_unicode=True).encode()
    return text


def _events(tree: Any) -> Iterator[Any]:
    yield pyyaml.StreamStartEvent()
    yield pyyaml.DocumentStartEvent(explicit=False)
    yield from _value_events(tree)
    yield pyyaml.DocumentEndEvent(explicit=False)
    yield pyyaml.StreamEndEvent()


def _value_events(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield pyyaml.MappingStartEvent(None, None, True, flow_style=not value)
        for key in sorted(value, key=_NATURAL):
            yield _string_event(key)
            yield from _value_events(value[key])
        yield pyyaml.MappingEndEvent()
    elif isinstance(value, list):
        yield pyyaml.SequenceStartEvent(None, None, True, flow_style=not value)
        for item in value:
            yield from _value_events(item)
        yield pyyaml.SequenceEndEvent()
    else:
        yield _string_event(value) if isinstance(value, str) else pyyaml.ScalarEvent(None, None, (True, False), _plain(value))


def _plain(value: float | bool | None) -> str:
    """Numbers as they come out after YAML has read the JSON: integers up to 64 bits as such, others as floats."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        value = float(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and -(2**63) <= value < 2**64 else float_text(value)
    return json_text(value)


def _string_event(text: str) -> Any:
    if _BREAKS.intersection(text) and "\n" not in text:
        style: str | None = '"'
    else:
        style = "|" if "\n" in text else '"' if needs_quotes(text) else None
    return pyyaml.ScalarEvent(None, None, (True, True), text, style=style)


def _compare_keys(left: str, right: str) -> int:
    """Natural order: letters by code, numbers by value, other characters before letters (go-yaml: sorter.go)."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a == b:
            continue
        if a.isalpha() and b.isalpha():
            return -1 if a < b else 1
        if a.isalpha() or b.isalpha():
            return -1 if b.isalpha() else 1
        return _compare_numbers(left, right, index)
    return len(left) - len(right)


def _compare_numbers(left: str, right: str, index: int) -> int:
    leading = int("0" in (left[index], right[index]) and _follows_a_number(left, index))
    (a, a_end), (b, b_end) = _digits(left, index, leading), _digits(right, index, leading)
    if a != b:
        return -1 if a < b else 1
    if a_end != b_end:
        return a_end - b_end
    return -1 if left[index] < right[index] else 1


def _follows_a_number(text: str, index: int) -> bool:
    before = text[:index]
    digits = before[len(before.rstrip("0123456789")) :]
    return digits.strip("0") != ""


def _digits(text: str, index: int, start: int) -> tuple[int, int]:
    end = index
    while end < len(text) and text[end].isdecimal():
        start = start * 10 + int(text[end])
        end += 1
    return start, end


_NATURAL = functools.cmp_to_key(_compare_keys)
