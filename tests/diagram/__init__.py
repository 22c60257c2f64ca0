"""Tests of `fad.diagram`."""
