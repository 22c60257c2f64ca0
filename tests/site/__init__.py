"""Tests of what builds the site, and of what it builds."""
