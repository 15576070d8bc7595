"""The state behind the builder: the document that is being edited and all that is known about it. No Textual here."""
