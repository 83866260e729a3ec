"""Music as plain values: notes, maps of tempo, meter and key, and what can be done with them."""
