"""How precisely programs compute."""

from __future__ import annotations

from typing import Literal

#: Of the floating-point numbers of a program: it decides which definitions count that are marked
#: `singleprecision`, `doubleprecision` or `quadprecision`, and what the compiler is asked for.
Precision = Literal["single", "double", "quad"]
#: The precisions that native code and the interpreter have.
NativePrecision = Literal["single", "double"]
