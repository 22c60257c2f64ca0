"""Tests of `fad.evaluation`."""
