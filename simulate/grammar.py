"""The words that a user may write: top-level keys, fields of a row, groups, and what a name looks like.

One table for files and command line alike; top-level keys are those of the schema. Whatever is not listed here is a
mistake, so that a typing error can never be silently ignored and no file can reach into Hydra's own settings.
"""

from __future__ import annotations

import re
from dataclasses import fields

from simulate.config import AssumptionSet, Run

SET_KEYS = tuple(field.name for field in fields(AssumptionSet))
RUN_KEYS = tuple(field.name for field in fields(Run))
NESTED_FIELDS = ("quantiles", "parts", "years")  # the fields of a row that are lists; all others are one value
TEXT_FIELDS = ("source", "note", "differs")
DISTRIBUTION_FIELDS = ("low", "mid", "mode", "high", "interval", "mean", "sd", "median", "sd_ln", "quantiles", "parts")
NUMBER_FIELDS = (*(name for name in DISTRIBUTION_FIELDS if name not in NESTED_FIELDS), "value", "min", "max", "at")
#: One named, uncertain number: a distribution, a value or a formula, with unit and source.
ROW_FIELDS = ("dist", *DISTRIBUTION_FIELDS, "value", "formula", "min", "max", "unit", "at", "each", "source", "note")
#: A row that is a level to be crossed, and what crosses it.
THRESHOLD_FIELDS = (*ROW_FIELDS, "kind", "quantity")
#: Something seen since: a log-likelihood by formula, or an observed quantity.
EVIDENCE_FIELDS = ("loglik", "quantity", "date", "value", "unit", "sd", "source", "note")
PUBLISHED_KINDS = ("threshold", "quantity", "ceiling", "input", "binding")  # what a published number may be about
#: What the source of a set printed about one result, to hold the set's own number against.
PUBLISHED_FIELDS = (
    *PUBLISHED_KINDS, "year", "years", "since", "quantile", "hypothesis", "value", "unit", "tolerance", "differs",
    "source", "note",
)  # fmt: skip
#: Rows that say what the model is made of; a hypothesis may change them.
MODEL_SECTIONS = ("inputs", "quantities", "ceilings", "thresholds")
ROW_SECTIONS = (*MODEL_SECTIONS, "evidence", "published")
HYPOTHESIS_KEYS = ("weight", "note", "source", "drivers", *MODEL_SECTIONS, "inactive", "correlations", "sharpness")
GROUPS = ("assumptions", "thresholds", "study", "engine")
USER_GROUPS = ("assumptions", "thresholds", "sweep")
FILE_KEYS = {"assumptions": ("defaults", *SET_KEYS), "thresholds": ("defaults", "thresholds")}

# A row that states one of these says what the input is, and so replaces what it inherits; a value pins what is there.
DEFINING_FIELDS = ("dist", "formula", "quantiles", "parts")
FREE_TEXT = ("title", "description", "source")
LONGEST_TITLE, LONGEST_TEXT = 200, 4000
MOST_ROWS = 1000

ROW_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
SET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# Words that YAML or Hydra reads as a boolean, as nothing or as a number.
NOT_A_NAME = re.compile(r"(?i)(y|n|yes|no|on|off|true|false|null|none|all|nan|inf|[0-9][0-9_]*(e[0-9]+)?)")


def fields_of(section: str) -> tuple[str, ...]:
    """The fields that a row of `section` may have."""
    known = {"thresholds": THRESHOLD_FIELDS, "evidence": EVIDENCE_FIELDS, "published": PUBLISHED_FIELDS}
    return known.get(section, ROW_FIELDS)


def within_hypothesis(key: str) -> str:
    """The key as it would be in the set itself: `inputs.x` of `hypotheses.long.inputs.x`; other keys as they are."""
    parts = key.split(".")
    return ".".join(parts[2:]) if parts[0] == "hypotheses" and len(parts) > 2 else key


def is_free_text(key: str) -> bool:
    """Whether the value of this dotted key is text for people, taken as it stands."""
    section, _, rest = within_hypothesis(key).partition(".")
    return (
        key in FREE_TEXT
        or section in TEXT_FIELDS
        or (section in ROW_SECTIONS and rest.partition(".")[2] in TEXT_FIELDS)
    )


def longest_text(key: str) -> int:
    """The largest number of characters that the text of this dotted key may have."""
    return LONGEST_TITLE if key == "title" else LONGEST_TEXT
