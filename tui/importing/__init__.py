"""Beginning from what one has: what other tools write, read into drafts of streams. No Textual here.

`material` is the text or file that was given, `recognition` finds out what it is and who reads it, `drafts` are the
types that every reader speaks, and `placing` puts drafts into the manifest. Nothing that is read is executed, and all
of it is bounded.
"""
