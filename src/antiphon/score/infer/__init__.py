"""What a file does not say, estimated from its notes: keys, chords, beats and bars."""
