"""Change-ringing for Antiphon: what another package can bring without a line changed in the house.

A family of two fields, a bell and the time until the next stroke, so that events are not steps; how hard a
bell is struck goes with each event as a continuous number, if a view asks for it.
"""
