"""Audits: a network judged over a property, and a bounds file judged against both."""
