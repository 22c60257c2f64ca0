"""Tests of `fad.page`."""
