"""Tests of `fad.pipeline`."""
