"""Colours of what must be seen: the three signals of the pages. A sign and a word always stand beside."""

RED = "bold #b3261e"
AMBER = "bold #8a5200"
GREEN = "#1b6e34"
QUIET = "#5c6670"
MARKS = {"red": RED, "amber": AMBER, "green": GREEN, "": ""}
