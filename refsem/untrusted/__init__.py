"""What untrusted files are read with: strict JSON, numbers that keep every digit, archives."""
