"""Host side of the golden-image pipeline; a newcomer reads it in the order of the README's flow."""
