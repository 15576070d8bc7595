"""From bytes to elements, whatever the manifest says: chunks, JSON text, archives, and what can be wrong with them."""
