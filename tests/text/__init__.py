"""Tests of `fad.text`."""
