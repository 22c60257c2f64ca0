"""Tests of `fad.lib`, the library of losses, optimizers and networks."""
