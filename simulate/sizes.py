"""The size of a block: 512 draws, known when the kernel is compiled, so that a pass over it is straight vector code."""

DRAWS = 512
