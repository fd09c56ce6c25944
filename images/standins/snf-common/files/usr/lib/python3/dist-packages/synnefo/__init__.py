"""Stand-in of Synnefo 0.16 for the rehearsal: the same interfaces, stricter about its input."""
