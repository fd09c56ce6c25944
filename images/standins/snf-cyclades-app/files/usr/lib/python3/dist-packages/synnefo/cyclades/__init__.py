"""Stand-in of Cyclades: its machines are Ganeti's, made through RAPI."""

BASE = "CYCLADES_BASE_URL"
