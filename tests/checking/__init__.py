"""Tests of `fad.checking`."""
