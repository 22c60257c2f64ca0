"""Tests of fad/losses."""
