"""What may we sell? Opportunities, stages, evidence and the change log."""
