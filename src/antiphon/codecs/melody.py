"""Event ids of the melody family.

All melody codecs share one alphabet of 130 events, so that one decoder, one grammar mask and one browser
implementation serve them: 0 nothing new, 1 note off, 2 + p the onset of MIDI pitch p. Id 0 is the default event, which
makes a history of zeros right.
"""

from __future__ import annotations

N_EVENTS = 130
NO_EVENT_ID = 0
NOTE_OFF_ID = 1
FIRST_PITCH_ID = 2
