"""Tests of `fad.differentiation`."""
