"""Pictures a camera has kept on its own card while nobody recorded it: found and fetched by ONVIF Profile G.

`search` asks what lies on the card, `replay` has it sent (`packets`, `session` and `ranges` are its pure parts), `keep`
writes it into the recorder's store, `fill` and `watch` say which gaps are asked for, and when.
"""
