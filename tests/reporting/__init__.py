"""Tests of fad/reporting."""
