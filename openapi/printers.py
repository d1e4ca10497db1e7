"""Which field's documentation describes a column of a Table: read from upstream's printers.go. Called by generate.py."""

import re
from collections.abc import Iterable
from pathlib import Path

_ALIAS = re.compile(r'^\t(?:(\w+) )?"k8s\.io/(?:api|apimachinery/pkg/apis)/([\w./]+)"$', re.MULTILINE)
_DEFINITIONS = re.compile(r"^\t(\w+) := \[\]metav1\.TableColumnDefinition\{\n(.*?)^\t\}", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r'\{Name: "([^"]+)",.*?Description: (\w+)\.(\w+)\{\}\.SwaggerDoc\(\)\["(\w+)"\]')
_HANDLER = re.compile(r"h\.TableHandler\((\w+), (\w+)\)")
_FUNCTION = r"^func {}\(\w+ \*\w+\.(\w+), "


def described_columns(kubernetes: Path, packages: Iterable[str], kinds: Iterable[str]) -> dict[str, dict[str, str]]:
    """Kind to column to `<package>.<type>.<field>`, for the kinds served and the packages that the facts have; "" for kinds that are not listed."""
    source = (kubernetes / "pkg/printers/internalversion/printers.go").read_text()
    aliases = {alias or path.rpartition("/")[2]: path for alias, path in _ALIAS.findall(source)}
    known, served = set(packages), set(kinds)
    columns = {
        name: {column: f"{aliases[alias]}.{type}.{field}" for column, alias, type, field in _COLUMN.findall(body) if aliases.get(alias) in known}
        for name, body in _DEFINITIONS.findall(source)
    }
    found = {_kind(source, function): columns[name] for name, function in _HANDLER.findall(source) if columns.get(name)}
    metadata = {"Name": "meta/v1.ObjectMeta.name"} | dict.fromkeys(("Age", "Created At"), "meta/v1.ObjectMeta.creationTimestamp")
    return {"": metadata} | {kind: described for kind, described in sorted(found.items()) if kind in served}


def _kind(source: str, function: str) -> str:
    match = re.search(_FUNCTION.format(function), source, re.MULTILINE)
    return match[1] if match else ""
