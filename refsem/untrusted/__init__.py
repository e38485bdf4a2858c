"""What untrusted files are read with: strict JSON, and numbers that keep every digit."""
