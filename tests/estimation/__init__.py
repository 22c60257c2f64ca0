"""Tests of `fad.estimation`."""
