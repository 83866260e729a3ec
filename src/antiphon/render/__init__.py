"""Scores heard and seen: sound, pictures, text, and the contact sheet."""
