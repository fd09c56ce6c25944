"""Measurements whose numbers stand in the README; never part of a test."""
