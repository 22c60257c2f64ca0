"""Checks over all example programs that come with Faust; `make corpus` runs them."""
