"""The size of a block: 512 draws, known when the kernel is compiled, so that a pass over it is straight vector code."""

from simulate.compiled import jit

DRAWS = 512


@jit
def copy(source, target):
    """Copy the values of a block, shape (draw,)."""
    for i in range(DRAWS):
        target[i] = source[i]
