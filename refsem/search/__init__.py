"""Fast, untrusted search: everything here only proposes."""
