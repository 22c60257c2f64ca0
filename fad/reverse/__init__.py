"""Reverse mode: how what comes out depends on everything at once, on reversed time."""
