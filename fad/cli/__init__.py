"""The command line: its commands, their options, their reports."""
