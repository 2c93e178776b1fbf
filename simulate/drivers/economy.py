"""Economy: gross world product, of which the money for the largest run is a share."""

from simulate.compiled import jit
from simulate.drivers.declare import Path
from simulate.laws import grow

PATHS = (Path("gwp", "log10 USD2023", "gwp", "gross world product in a year"),)


@jit
def advance(x, rules, t):
    """Gross world product by its law."""
    grow(x, x.gwp, rules.gwp, t)
