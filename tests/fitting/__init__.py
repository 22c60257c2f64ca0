"""Tests of fad/fitting."""
