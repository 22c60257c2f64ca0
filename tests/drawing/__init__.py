"""Tests of `fad.drawing`."""
