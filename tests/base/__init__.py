"""Tests of `fad.base`."""
