"""Tests of `fad.syntax`."""
