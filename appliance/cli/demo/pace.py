"""How long the demo waits, and how often its seats are looked at."""

CAPTURES_EVERY = 30.0
"""The longest time in seconds between two pictures of a seat: the exam lasts a minute."""
SLOW = 4.0
"""A machine that is slow, or does other things as well, takes so many times longer than one that is free."""
STARTS = 10.0
"""Seconds until all processes answer, on a machine that is free."""
TAP = 20.0
"""Seconds from a card put down to what the box decides, on a machine that is free."""
