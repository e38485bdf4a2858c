"""Properties: a specification becomes input boxes and the unsafe sets to be shown empty."""

from refsem.properties.loading import load_property
from refsem.properties.property import Case, LinearConstraint, Property

__all__ = ["Case", "LinearConstraint", "Property", "load_property"]
