"""Tests of everything together: programs, examples, documentation, messages, the wheel."""
