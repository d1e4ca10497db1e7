"""structured-merge-diff's own scenarios of updates and applies, read from the module cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from go_source import Call, Literal, Name, values
from smd_schema import Schema, fields, path
from upstream import object_of, source

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.atoms import Atom, TypedError
from kcompat.apimachinery.apply.conflicts import Conflicts
from kcompat.apimachinery.apply.managers import Manager, Managers, Owned
from kcompat.apimachinery.apply.untyped import DEDUCED
from kcompat.apimachinery.apply.updater import Updater

Parser = Callable[[str], Atom]
FILES = (
    "deduced", "default_keys", "duplicates", "field_level_overrides", "ignore", "key", "leaf", "multiple_appliers", "nested",
    "preserve_unknown", "schema_change", "set",
)  # fmt: skip
LEFT_OUT = {
    "TestMultipleAppliersReliantFieldsConversions": "its converter is Go code",
    "TestFilteredFieldsUsesVersions": "what a strategy resets is the same in all versions",
    "TestIgnoredFields": "the older form of TestIgnoreFilter",
}


class Converter:
    """Converts by a function of (tree, version); None: a version that is not there."""

    def __init__(self, parser: Parser, convert: Callable[[Any, str], Any]) -> None:
        self.parser, self.convert = parser, convert

    def atom(self, api_version: str) -> Atom | None:
        return self.parser(api_version)


def unchanged(tree: Any, version: str) -> Any:
    return tree


def renamed(tree: Any, version: str) -> Any:
    """renamingConverter: field names end in the version."""
    if isinstance(tree, dict):
        return {re.sub(r"v\d+$", version, name): renamed(value, version) for name, value in tree.items()}
    return [renamed(item, version) for item in tree] if isinstance(tree, list) else tree


def repeated(tree: Any, version: str) -> Any:
    """repeatingConverter: single letters, as often as the version's number."""
    if not re.fullmatch(r"v\d+", version):
        return None

    def below(value: Any) -> Any:
        return {name[0] * int(version[1:]): below(part) for name, part in value.items()} if isinstance(value, dict) else value

    return {name: below(value) for name, value in (tree or {}).items()}


CONVERTERS = {"renamingConverter": renamed, "repeatingConverter": repeated}


def parsers(code: str) -> dict[str, Parser]:
    """Parser variables of a file: a schema in a raw string, and the type that is taken out of it."""
    found: dict[str, Parser] = {"DeducedParser": lambda version: DEDUCED}
    for match in re.finditer(r"var (\w+) = func\(\) \*?[\w.]*Parser \{(.*?)\n\t?\}\(\)", code, re.DOTALL):
        schemas = re.findall(r"NewParser\(`(.*?)`\)", match[2], re.DOTALL)
        kept = re.search(r'T: parser\.Type\("(\w+)"\)', match[2])
        schema = Schema(schemas[-1])
        root = kept[1] if kept else ""
        found[match[1]] = lambda version, schema=schema, root=root: schema.named(root or version)  # type: ignore[misc]
    return found


def functions(code: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"^func (Test\w+)\(.*?^\}", code, re.DOTALL | re.MULTILINE):
        yield match[1], match[0]


def scenarios() -> list[Any]:
    everything = {name: source(f"merge/{name}_test.go") for name in FILES}
    known: dict[str, Parser] = {}
    for code in everything.values():
        known |= parsers(code)
    found = []
    for code in everything.values():
        for function, body in functions(code):
            use = re.search(r"test\.Test(?:WithConverter)?\((\w+)(?:, (\w+))?", body)
            tables = values(body, "tests") if use and function not in LEFT_OUT else ()
            for table in tables:
                converting = CONVERTERS.get(use[2] or "") or converter_variable(body)
                for name, case in table.fields.items():
                    found.append(pytest.param(known, use[1], converting, case, "Errors" in function, id=f"{function}-{name}"))
    return found


def converter_variable(body: str) -> Callable[[Any, str], Any]:
    made = re.search(r"converter := (\w+)\{", body)
    return CONVERTERS[made[1]] if made else unchanged


class State:
    """A live object and its managers (upstream: internal/fixture/state.go)."""

    def __init__(self, known: dict[str, Parser], parser: str, convert: Callable[[Any, str], Any], case: Literal) -> None:
        self.known, self.parser, self.convert = known, known[parser], convert
        self.reset = {version: exclusion(filter_) for version, filter_ in (case.get("IgnoreFilter") or Literal("")).fields.items()}
        self.live: Any = None
        self.managers: Managers = {}

    def updater(self, version: str) -> Updater:
        return Updater(version, self.parser(version), Converter(self.parser, self.convert), self.reset.get(version))

    def run(self, operation: Literal) -> None:
        kind = operation.type.rpartition(".")[2]
        if kind == "ChangeParser":
            self.parser = self.known[operation.get("Parser").text]
            check(self.parser("v1"), self.live, duplicates=False)
            return
        version = operation.get("APIVersion")
        obj = object_of(operation.get("Object")) or {}
        check(self.parser(version), obj, duplicates=kind == "Update")
        self.live = self.convert(self.live, version) if self.live is not None else None
        self.managers = {manager: self.settled(owned) for manager, owned in self.managers.items()}
        getattr(self, kind.lower())(operation, version, obj)
        assert all(owned.fields for owned in self.managers.values())

    def settled(self, owned: Owned) -> Owned:
        return owned.with_fields(self.parser(owned.api_version).settled(owned.fields))

    def update(self, operation: Literal, version: str, obj: Any) -> None:
        updater, manager = self.updater(version), Manager(operation.get("Manager"), "", "", "")
        previous = self.managers.pop(manager, Owned({}, version, ""))
        removed = updater.compare(self.live, obj).removed or {}
        self.managers, changed = updater.update(self.live, obj, self.managers)
        if own := sets.union(sets.difference(previous.fields, removed), changed):
            self.managers[manager] = Owned(own, version, "")
        self.live = obj

    def apply(self, operation: Literal, version: str, obj: Any, force: bool = False) -> None:
        expected = operation.get("Conflicts")
        manager = Manager(operation.get("Manager"), "", "", "")
        try:
            self.live, self.managers = self.updater(version).apply(self.live, obj, self.managers, manager, force)
            found = set()
        except Conflicts as conflicts:
            assert expected is not None
            found = {(manager.name, path) for manager, owned in conflicts.fields.items() for path in sets.paths(owned)}
        if expected is not None:
            assert found == {(each.get("Manager"), path(each.get("Path"))) for each in expected.items}

    def forceapply(self, operation: Literal, version: str, obj: Any) -> None:
        self.apply(operation, version, obj, force=True)


def exclusion(filter_: Call) -> Callable[[sets.Set], sets.Set]:
    excluded = fields(filter_.arguments[0])
    return lambda found: sets.recursive_difference(found, excluded)


def check(atom: Atom, value: Any, *, duplicates: bool) -> None:
    found: list[str] = []
    atom.check(value, "", lambda path, why: found.append(f"{path}: {why}"), duplicates)
    if found:
        raise TypedError("\n".join(found))


@pytest.mark.parametrize(("known", "parser", "converting", "case", "fails"), scenarios())
def test_scenario(known: dict[str, Parser], parser: str, converting: Callable[[Any, str], Any], case: Literal, fails: bool) -> None:
    state = State(known, parser, converting, case)
    if fails:
        with pytest.raises((TypedError, AssertionError)):
            for operation in case.get("Ops").items:
                state.run(operation)
        return
    for operation in case.get("Ops").items:
        state.run(operation)
    if case.get("Object"):
        assert converting(state.live, case.get("APIVersion")) == (object_of(case.get("Object")) or {})
    if case.get("Managed") is not None:
        wanted = {name: (fields(made.arguments[0]), made.arguments[1]) for name, made in case.get("Managed").fields.items()}
        assert {manager.name: (owned.fields, owned.api_version) for manager, owned in state.managers.items()} == wanted
        assert not any(isinstance(name, Name) for name in wanted)
