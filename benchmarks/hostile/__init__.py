"""Attackers: files such as a stranger might send, and processes in which they are opened under watch."""
