"""Benchmarks: how fast fad is, and how fast the programs are that it writes."""
