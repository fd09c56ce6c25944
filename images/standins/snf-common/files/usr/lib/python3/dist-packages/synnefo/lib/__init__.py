"""Libraries that settings files import."""
