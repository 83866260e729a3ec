"""What is done to commands from outside: errors of the system, kills, others that write at the same place."""
