"""One screen per concern, in the order of the number keys."""
