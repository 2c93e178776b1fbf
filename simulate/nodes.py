"""From YAML text to plain data: bounded, without tags, aliases or interpolations, and with the line of every key.

Two passes. The first looks at the stream of events and refuses what plain data never needs before anything is built.
The second turns nodes into dictionaries, lists and scalars, and notes what the grammar does not know; it goes on
after a mistake, so that one reading finds all of them.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

from simulate import grammar
from simulate.errors import Mistake, did_you_mean, shown

DEEPEST = 32
MOST_NODES = 50_000
AMBIGUOUS = re.compile(r"[-+]?(0[0-9_]+|0[xXoObB][0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
STRING, BOOLEAN = "tag:yaml.org,2002:str", "tag:yaml.org,2002:bool"
INTEGER, FLOAT, NULL = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null"
REFUSED = object()


class Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Reads scalars exactly as OmegaConf does (1e26 is a number, a date is text), but quickly."""

    yaml_implicit_resolvers = get_yaml_loader().yaml_implicit_resolvers


class Refused(Exception):
    """The file cannot be used at all, and why."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake


def check_events(text: str, where: str) -> None:
    """Refuse what plain data never needs, event by event, before anything is built from it."""
    depth = documents = 0
    for count, event in enumerate(yaml.parse(text, Loader=Loader), start=1):

        def refuse(what: str, way_out: str = "", event: yaml.Event = event) -> Refused:
            line = event.start_mark.line + 1 if event.start_mark else 1
            return Refused(Mistake(f"{where}:{line}", what, way_out))

        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise refuse("a second document", "one file holds one set: remove '---'")
            if event.tags or event.version:
                raise refuse("directives (%) are not allowed")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise refuse("anchors and aliases (& and *) are not allowed", "write the value out, or quote the text")
        tag: str | None = getattr(event, "tag", None)
        if tag is not None:
            raise refuse(f"tag {shown(tag)} is not allowed", "write plain values; quote a text that begins with !")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise refuse(f"nested deeper than {DEEPEST}")
        if count > MOST_NODES:
            raise refuse(f"more than {MOST_NODES} values in one file")


def yaml_mistake(error: yaml.YAMLError, where: str) -> Mistake:
    """What the YAML reader stumbled over, in one line with its place."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or "is not YAML"
    place = f"{where}:{mark.line + 1}" if mark else where
    way_out = "mind colons, quotes and indentation, which is made of blanks"
    return Mistake(place, f"not readable as YAML: {shown(problem)[1:-1]}", way_out)


class Tree:
    """Turns YAML nodes into plain data, noting the line of every key and whatever the grammar does not know."""

    def __init__(self, where: str, group: str, mistakes: list[Mistake]) -> None:
        self.file, self.group, self.mistakes = where, group, mistakes
        self.lines: dict[str, int] = {}
        self.scalars = Loader("")

    def wrong(self, node: yaml.Node, what: str, way_out: str = "") -> None:
        self.mistakes.append(Mistake(f"{self.file}:{node.start_mark.line + 1}", what, way_out))

    def mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        data: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in self.without_cut_formula(node):
            key, line = key_node.value, key_node.start_mark.line + 1
            if not self.key_fits(key_node, path):
                continue
            if key in first:
                self.wrong(key_node, f"duplicate key {shown(key)} (first at line {first[key]})", "remove one of them")
                continue
            first[key] = line
            dotted = f"{path}.{key}" if path else key
            self.lines[dotted] = line
            if self.shape_fits(value_node, dotted):
                value = self.value(value_node, dotted)
                if value is not REFUSED:
                    data[key] = value
        if path in grammar.ROW_SECTIONS and len(data) > grammar.MOST_ROWS:
            self.wrong(node, f"more than {grammar.MOST_ROWS} rows in '{path}'")
        return data

    def without_cut_formula(self, node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
        """The keys and values of a mapping; in braces, a formula without quotes ends at its first comma, and what
        follows would be taken for keys.
        """
        for key, value in node.value:
            plain = isinstance(value, yaml.ScalarNode) and not value.style and node.flow_style
            if key.value == "formula" and plain and value.value.count("(") > value.value.count(")"):
                self.wrong(value, f"the formula ends at a comma: {shown(value.value)}", "quote it: formula: '...'")
                return [(k, v) for k, v in node.value if k is not key and not (v.tag == NULL and v.value == "")]
        return list(node.value)

    def key_fits(self, node: yaml.Node, path: str) -> bool:
        """Whether this key may stand under `path`; says why not."""
        key, of_hypothesis = node.value, path.startswith("hypotheses.") and path.count(".") == 1
        path = grammar.within_hypothesis(path)
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:merge":
            self.wrong(node, "merge keys (<<) and keys that are no plain words are not allowed", "write plain words")
        elif key == "_target_" or "_target_" in key:
            self.wrong(node, "`_target_` is not allowed here", "a set is data; it names no code")
        elif node.tag != STRING:
            kind = node.tag.rpartition(":")[2]
            in_row = path.partition(".")[0] in grammar.ROW_SECTIONS and path.count(".") == 1
            way_out = "write numbers without commas: 1000000" if in_row else f'quote it: "{shown(key)[1:-1]}"'
            self.wrong(node, f"key {shown(key)} is read as {kind}, not as a name", way_out)
        elif "${" in key:
            self.wrong(node, "interpolations (${...}) are not allowed", "write the value out")
        elif self.group == "sweep":
            return True
        elif not path and key == "hydra":
            self.wrong(node, "`hydra` settings are not allowed in a set", "remove them")
        elif not path and key in (*grammar.RUN_KEYS, "study", "assumptions"):
            self.wrong(node, f"'{key}' belongs to the run, not to a set", f"give it on the command line: {key}=...")
        elif not path and key not in (known := grammar.FILE_KEYS[self.group]):
            near = did_you_mean(key, known)
            self.wrong(node, f"unknown key {shown(key)}{near}", f"allowed: {', '.join(known)}")
        elif of_hypothesis and key not in grammar.HYPOTHESIS_KEYS:
            near = did_you_mean(key, grammar.HYPOTHESIS_KEYS)
            self.wrong(node, f"unknown key {shown(key)}{near}", f"allowed: {', '.join(grammar.HYPOTHESIS_KEYS)}")
        elif path in (*grammar.ROW_SECTIONS, "hypotheses") and not grammar.ROW_NAME.fullmatch(key):
            self.wrong(node, f"{shown(key)} cannot be a name", "use a-z, 0-9 and '_', a letter first, at most 64")
        elif path.count(".") == 1 and (section := path.split(".")[0]) in grammar.ROW_SECTIONS:
            known = grammar.fields_of(section)
            if key in known:
                return True
            self.wrong(node, f"unknown field {shown(key)}{did_you_mean(key, known)}", f"allowed: {', '.join(known)}")
        else:
            return True
        return False

    def shape_fits(self, node: yaml.Node, dotted: str) -> bool:
        """Whether sections and rows are mappings; says so if not."""
        parts = grammar.within_hypothesis(dotted).split(".")
        if parts[0] == "drivers" and parts[-1] in ("law", "limit") and not isinstance(node, yaml.ScalarNode):
            self.value(node, dotted)  # for the sake of what else is wrong in it
            self.wrong(node, f"'{dotted}' must be a name", "see `simulate study=list`")
            return False
        if self.group != "sweep" and len(parts) == 3 and parts[0] in grammar.ROW_SECTIONS:
            if parts[2] in grammar.NESTED_FIELDS or isinstance(node, yaml.ScalarNode):
                return True
            self.value(node, dotted)
            self.wrong(node, f"'{dotted}' must be one value", f"write {parts[2]}: VALUE")
            return False
        section = parts[0] in (*grammar.ROW_SECTIONS, "drivers", "hypotheses") and self.group != "sweep"
        if not section or len(parts) > 2 or isinstance(node, yaml.MappingNode):
            return True
        if len(parts) == 2 and node.tag == NULL:
            return True
        self.value(node, dotted)
        row = "{dist: lognormal, low: 1, high: 2, unit: x/yr}"
        rows = f"rows below it, indented: NAME: {row}" if len(parts) == 1 else row
        example = rows if parts[0] in grammar.ROW_SECTIONS else "{...}"
        self.wrong(node, f"'{dotted}' must be a mapping", f"write {parts[-1]}: {example}")
        return False

    def value(self, node: yaml.Node, dotted: str) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, dotted)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[f"{dotted}.{index}"] = item.start_mark.line + 1
            items = [self.value(item, f"{dotted}.{index}") for index, item in enumerate(node.value)]
            return [item for item in items if item is not REFUSED]
        return self.scalar(node, dotted)

    def scalar(self, node: yaml.Node, dotted: str) -> Any:
        text, plain = node.value, not getattr(node, "style", None)
        if "${" in text:
            resolver = text.split("${", 1)[1].split("}")[0].split(":")[0]
            self.wrong(node, f"interpolation {shown(resolver)} is not allowed in '{dotted}'", "write the value out")
        elif text == "???":
            self.wrong(node, f"'{dotted}' needs a value")
        elif plain and node.tag in (INTEGER, FLOAT) and AMBIGUOUS.fullmatch(text):
            way_out = "write a decimal number without leading zero, or quote a text"
            self.wrong(node, f"{shown(text)} in '{dotted}' is ambiguous (octal, hexadecimal or base 60)", way_out)
        elif node.tag == BOOLEAN and text not in ("true", "false", "True", "False"):
            way_out = f"quote it: '{text}', or write true or false"
            self.wrong(node, f"{shown(text)} in '{dotted}' would be read as a boolean", way_out)
        elif node.tag == STRING:
            longest = grammar.longest_text(dotted)
            if len(text) > longest:
                self.wrong(node, f"'{dotted}' has {len(text)} characters", f"at most {longest}")
                return REFUSED
            return text
        elif node.tag not in (INTEGER, FLOAT, BOOLEAN, NULL):
            self.wrong(node, f"{shown(text)} in '{dotted}' is no value", f"quote it: '{text}'")
        elif len(text) > 400:
            self.wrong(node, f"'{dotted}' has {len(text)} digits", "at most 400")
        else:
            value = self.scalars.construct_object(node)
            beyond = value == math.inf and re.fullmatch(r"published\.[^.]+\.value", dotted)  # never within the horizon
            if isinstance(value, float) and not beyond and (problem := unusable(value, text)):
                self.wrong(node, f"{shown(text)} in '{dotted}' {problem}", "a finite number is needed")
                return REFUSED
            return value
        return REFUSED

    def parents(self, defaults: Any) -> tuple[str, ...]:
        names = [defaults] if isinstance(defaults, str) else defaults
        if isinstance(names, list) and all(isinstance(n, str) and grammar.SET_NAME.fullmatch(n) for n in names):
            return tuple(dict.fromkeys(names))
        way_out = "write plain names of sets in the same folder: defaults: [baseline_2026]"
        where = f"{self.file}:{self.lines.get('defaults', 1)}"
        self.mistakes.append(Mistake(where, f"defaults {shown(defaults)} is not allowed", way_out))
        return ()


def unusable(value: float, text: str) -> str:
    """Why a number read from `text` cannot be used: it is not finite, or too small for a double; else nothing."""
    if math.isfinite(value):
        digits = re.split("[eE]", text)[0]
        return "underflows to 0" if value == 0 and re.search("[1-9]", digits) else ""
    return "is too large for a double" if re.search("[0-9]", text) else "is not finite"
