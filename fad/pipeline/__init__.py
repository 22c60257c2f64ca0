"""Whole jobs: a program in, a program out."""
