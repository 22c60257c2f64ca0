"""Tests of `fad.runtime`."""
