"""The drivers, in the order in which they advance: `ORDER` is the only list.

To add a driver: one file in this folder, its name in `ORDER`, and its rows in an assumption set. Everything else (the
block's layout, the checks of the table, the chain of calls, the result) follows from what the driver declares.
"""

from importlib import import_module
from types import ModuleType

ORDER = (
    "economy",
    "investment",
    "hardware",
    "run",
    "chips",
    "power",
    "data",
    "latency",
    "trend",
    "models",
    "algorithms",
)

DRIVERS: dict[str, ModuleType] = {name: import_module(f"simulate.drivers.{name}") for name in ORDER}
