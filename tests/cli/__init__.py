"""Tests of `fad.cli`."""
