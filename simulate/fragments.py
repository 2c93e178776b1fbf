"""Functions that only compiled code calls, compiled as fragments of those that do.

Numba turns every function into machine code of its own, with all that it calls inside: calls eight deep are compiled
eight times, and wrapped for Python each time. A fragment ends as the compiler's intermediate code, and only what Python
calls becomes machine code: 34 s rather than 58 for the program. What has a loop is optimised by itself, since inlined
first it would not become vector instructions (the kernel took 1.4 times as long).
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

config: Any = numba.config


class _Library(JITCodeLibrary):
    """The intermediate code of a function and of those it calls."""

    optimised = False

    def _optimize_functions(self, ll_module: Any) -> None:
        if self.optimised:
            super()._optimize_functions(ll_module)
        else:
            ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        if self.optimised:
            super()._optimize_final_module()

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _Pipeline(Compiler):
    """Numba's compiler, up to the intermediate code."""

    def __init__(self, typing: Any, target: Any, _: None, args: Any, result: Any, flags: Any, local: Any) -> None:
        flags = flags.copy()
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        super().__init__(typing, target, _Library(target.codegen(), "fragment"), args, result, flags, local)

    def compile_extra(self, function: Any) -> Any:
        loops = any(step.opname == "FOR_ITER" for step in dis.get_instructions(function))
        self.state.library.optimised = loops and not self.state.flags.forceinline
        key = object()  # by which those that call it find it
        found = super().compile_extra(function)._replace(entry_point=key)
        self.state.targetctx.insert_user_function(key, found.fndesc, [found.library])
        return found


def fragment(**options: Any) -> Callable[[Any], Any]:
    """A decorator like `numba.njit(**options)`. What Python calls all the same (a test) is compiled whole then."""

    def decorate(function: Any) -> Any:
        if config.DISABLE_JIT:
            return function
        compiled = numba.njit(**options, pipeline_class=_Pipeline)(function)

        @cache
        def whole() -> Any:
            return numba.njit(**options)(function)

        # A call from Python looks for machine code, finds none, and asks what to call instead.
        compiled.add_overload = lambda found: compiled.overloads.update({tuple(found.signature.args): found})
        compiled._compile_for_args = lambda *_: whole()
        return compiled

    return decorate
