"""Tests of fad/batches."""
